"""From a unit that knows nobody to one with a network: before the unit's program, at every start.

- ``card_file`` and ``card``: the ``parvis.toml`` of the boot partition, taken once;
- ``boot_hold``: what the button says that is down as the unit starts;
- ``machine``: the state machine, a table;
- ``networks`` and its adapter ``network_manager``;
- ``doorstep``: the unit at its hub's door, while the page is open;
- ``page``: what a phone in the unit's own Wi-Fi sees;
- ``reset``: the unit as new;
- ``service``: all of it at work.
"""
