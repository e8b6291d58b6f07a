"""The hub's side of its edges: what it tells them, and who comes through them."""
