"""The printed guides: documents as data in both languages, their pictures, and how they are set.

``document`` reads ``hardware/guides/*.toml`` and refuses what is not whole; ``pictures`` knows
where each picture comes from, ``drawn/`` draws our own; ``lights`` makes the table of the light
from the unit's own patterns; ``make`` sets them with Typst.
"""
