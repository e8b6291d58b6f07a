"""What does not reach what, in words: the checks of ``parvis doctor``."""
