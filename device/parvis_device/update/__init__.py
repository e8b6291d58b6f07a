"""A newer program for this unit: fetched from the hub, tried beside the old one, kept or undone."""
