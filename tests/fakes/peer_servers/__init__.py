"""Servers that do what our hub does, each behind the same talkers: the file name is the server.

``talker`` is one who sends and hears, whatever the server; ``parvis``, ``janus`` and ``mumble``
start a server of their own on the loopback, let the talkers in, and give the pids to be counted.
"""
