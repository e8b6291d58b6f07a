"""Checks the folder ``firmware/`` and makes from it what a card is written with.

A tool of the checkout: it is in no wheel, and no unit needs it. What runs on a unit is in
``parvis_device``.
"""
