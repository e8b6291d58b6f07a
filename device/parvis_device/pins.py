"""What is wired where, as BCM numbers.

Made from hardware/pins.toml by parvis_device.make_pins: change that file, not this one.
"""

HAND = 17
"""HAND button, and the assistive jack in parallel.

Header pin 11, input. To GND (header pin 9), internal pull-up, closed = pressed.
"""

MUTE_SENSE = 22
"""Sense contact of the latching MUTE switch.

Header pin 15, input. To GND, internal pull-up, closed = muted.
"""

LIGHT_RED = 5
"""Red LED: sound leaves the unit, and nothing else.

Header pin 29, output. 330 ohm in series to the anode, cathode to GND, on/off only.
"""

LIGHT_GREEN = 6
"""Green LED: the line of hands.

Header pin 31, output. 330 ohm in series to the anode, cathode to GND, on/off only.
"""

LIGHT_WHITE = 13
"""White LED: the unit itself.

Header pin 33, output. 330 ohm in series to the anode, cathode to GND, on/off only.
"""

BUZZER = 16
"""Active buzzer, optional: chimes when a turn waits, and to find the unit.

Header pin 36, output. NPN transistor, 1 kohm to its base, flyback diode; feed: header pin 4.
"""

RING_DATA = 10
"""LED ring, data (SPI0 MOSI).

Header pin 19, output. Through a 74AHCT125 at 5 V; feed from header pin 4, at most 0.3 A.
"""

RING_CLOCK = 11
"""LED ring, clock (SPI0 SCLK, SK9822 only).

Header pin 23, output. Through a 74AHCT125 at 5 V.
"""
