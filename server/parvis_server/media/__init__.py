"""Signal code of the buses: summing, limiting, the floor of comfort noise.

Pure: numbers in, numbers out; no socket, clock, thread or policy.
"""
