"""What the hub remembers: the log of each room's events, in SQLite or PostgreSQL.

``events`` is what the room hands over and gets back (pure), ``words`` cuts out of it what may have
to be erased (pure), ``database`` keeps both, and ``journal`` writes on a thread of its own.
"""
