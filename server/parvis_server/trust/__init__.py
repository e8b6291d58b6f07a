"""Who runs the hub, and which units belong to it. Pure: time comes as an argument."""
