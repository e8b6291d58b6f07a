"""``parvis demo``: a hub, three talking tables and a gentle host, for trying Parvis on one machine.

``scenario`` decides (pure), ``script`` holds the words, ``voices`` and ``melody`` make the sound,
``children`` and ``host`` are the processes and the host's connection, ``screen`` shows, ``evening``
puts it together.
"""
