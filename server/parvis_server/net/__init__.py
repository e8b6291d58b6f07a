"""Sockets and pages: what comes from units, phones and hosts, and what goes out to them."""
