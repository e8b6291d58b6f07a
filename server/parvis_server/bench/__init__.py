"""``parvis bench``: measures this machine with the real processes; one file for each measurement.

``latency`` is the delay from a unit's microphone to a listener, stage by stage. The others are
what it needs: a private sound server, a rig that plays and records chirps, an empty ticker.
"""
