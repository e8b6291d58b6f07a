"""What is built: each build, its list of parts with totals, and that everything agrees on it."""
