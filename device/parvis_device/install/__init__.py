"""``parvis-unit install``: a Debian or Raspberry Pi OS becomes a unit or a hub, and back.

What belongs on it is said by ``firmware/manifest.toml`` and ``firmware/rootfs`` alone. ``plan`` is
pure: the manifest and what is there go in, steps come out, none when all is in place.
"""
