"""Stand-ins and tools shared by tests: fake hardware, fake clocks, and what the machine offers."""
