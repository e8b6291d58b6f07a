"""Signal code that hub, units and listeners share: Opus, levels, jitter buffer, playout."""
