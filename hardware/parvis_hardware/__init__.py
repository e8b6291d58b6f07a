"""Everything under ``hardware/`` made from its sources: drawings, lists, enclosure, guides, checks.

Theory of operation: tables (TOML, CSV) are read into frozen values that refuse what cannot be
(``read_*``); pure functions turn them into other tables, texts and findings; *makers* write files
with them, and *checks* say where two sources disagree. Both are listed in ``registry``, and
``python -m parvis_hardware build`` and ``check`` run them. A tool of the checkout:
not in the wheel.
"""
