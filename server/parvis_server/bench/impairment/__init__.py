"""A bad network, made on purpose, with the same faults each time: here links are judged.

``patterns`` decides what happens to each packet; ``tun_bridge`` lets real kernel TCP between two
network namespaces suffer it, ``proxy`` a byte stream on any machine; ``link`` offers both in one
form; ``measure`` sends frames across, ``speech`` a real unit's sound to a real hub.
"""
