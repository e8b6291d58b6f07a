"""What is connected to what: the netlist, the rules it keeps, and the drawings made from it."""
