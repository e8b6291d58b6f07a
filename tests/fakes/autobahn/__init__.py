"""The cases of the Autobahn test suite, ported to this Python at their installing, and a peer.

The suite is for Python 2.7 and a Twisted of its time. Its cases are small scripts over a WebSocket
peer that may break every rule: they are converted (``cases``), and the peer is ours (``peer``).
"""
