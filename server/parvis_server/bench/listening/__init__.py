"""``parvis bench listeners``: thousands of real WebSocket listeners at a cost below the server's.

Pure are ``frames``, ``program``, ``course``, ``histogram``, ``tally``, ``room_clock``, ``ledger``:
bytes and times in, counts out. ``listener`` is one connection, ``crowd`` all of a process behind
one epoll (no task for a listener), ``child`` that process; ``stuck`` and ``hostile`` are those who
misbehave. ``measure`` starts the processes and a hub of their own, ``results`` adds up and prints.
"""
