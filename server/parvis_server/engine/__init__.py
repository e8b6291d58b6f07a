"""The mixing engine: a process of its own that turns sources' packets into the program.

``boundary`` is what crosses between hub and engine, ``mix_engine`` the pure inside, ``process``
the loop on absolute deadlines, ``supervisor`` the hub's side.
"""
