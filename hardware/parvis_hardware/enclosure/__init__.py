"""The enclosure: printed parts made from tables, checked as solids, exported and drawn.

Theory of operation: ``parameters`` reads the tables under ``hardware/enclosure/`` into frozen
values; ``layout`` places everything by arithmetic and refuses what cannot be (both are light: the
standard library and pydantic). ``base``, ``lid`` and ``caps`` turn a layout into solids with
build123d; ``bought`` makes the boards and bought parts as solids; ``assembly`` holds them all
together. ``checks`` measures the solids (``rays`` casts parallel rays through their meshes), and
``pictures`` draws them with the same rays. ``make`` is the maker that the build runs.
"""
