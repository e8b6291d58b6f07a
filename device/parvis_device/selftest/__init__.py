"""``parvis-unit selftest``: is this unit fit for a table?

``hearing``, ``judging``, ``findings`` and ``words`` are pure: blocks and figures in, verdicts and
sentences out. ``examination`` asks in order, the other modules are its hands and ears.
"""
