"""The contract between hub, units, edges and phones: packets, messages, the room as they show it.

Pure: no socket, clock, thread or file. ``PROTOCOL.md`` beside this file says it in words.
"""
