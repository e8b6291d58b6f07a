"""The contract between hub, units, edges and phones: packets, messages and the room as they show it.

Pure: no socket, clock, thread or file. The specification in words is ``PROTOCOL.md`` beside this file.
"""
