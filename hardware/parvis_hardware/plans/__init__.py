"""What is computed before anything is built: currents, heat, levels."""
