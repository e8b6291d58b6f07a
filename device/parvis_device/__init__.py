"""The program on a Parvis unit: microphone, button and light at a table, talking to the hub."""
