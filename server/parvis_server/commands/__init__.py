"""One file for each command of ``parvis``; each offers a ``typer.Typer`` named ``app``."""
