"""The recorder: what was said in a room, kept as Ogg Opus beside the floor's events.

It is a process of its own (``python -m parvis_server.record``), which the hub starts and watches.
``docs/recordings.md`` describes what it writes.
"""
