"""Recordings after they were made: chapters, sound without a voice, publishing, rights.

Theory of operation. ``record/`` writes a recording's folder and never reads it; this package reads
it, finished or growing, and never writes to what the recorder holds open. What decides is pure
(``chapters``, ``waveform``, ``bleed``, ``placing``, ``feed``, ``retention``); ``opened`` reads a
folder, ``without`` renders the mix again where a voice was, ``publish`` makes the static folder,
``withdraw``, ``erase`` and ``export`` carry out what a person may ask for.
"""
