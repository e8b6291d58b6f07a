"""A listener without a browser: the same playout as on the page, into a file or a sound card.

``link``, ``session``, ``voice`` and ``returning`` are pure; ``connection`` keeps the
socket, ``player`` the clock, ``sinks`` take the sound. ``listener`` puts them together for the
program, ``speaker`` for a remote speaker and their return.
"""
