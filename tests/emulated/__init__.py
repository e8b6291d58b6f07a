"""A real hub on this machine, an emulated arm64 unit beside it, and what a venue does to both."""
