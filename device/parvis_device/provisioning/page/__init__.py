"""What a phone in the unit's own Wi-Fi sees: words, HTML, HTTP and the server, from pure to not."""
