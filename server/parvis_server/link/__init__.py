"""A hub behind a router and its public edge: the address that joins them, and the sound's way."""
