"""Bundles of units' programs: made and signed by a maker, kept by a hub, served to its units."""
