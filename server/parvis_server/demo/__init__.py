"""``parvis demo``: hub, tables, a phone and a gentle host, for trying Parvis on one machine.

``scenario`` decides (pure), ``script`` holds the words, ``voices`` and ``melody`` make the sound,
``children`` are the processes, ``host`` and ``phone`` connections of the demo's own, ``screen``
shows, ``evening`` puts it together.
"""
