"""Where the sources lie and where what is made goes."""

from pathlib import Path

FIRMWARE = Path(__file__).parents[1]
"""The folder of the sources."""
CHECKOUT = FIRMWARE.parent
MANIFEST = FIRMWARE / "manifest.toml"
ROOTFS = FIRMWARE / "rootfs"
CONFIG_TXT = FIRMWARE / "boot" / "config.txt.d"
PINS = CHECKOUT / "hardware" / "pins.toml"
OUT = CHECKOUT / "dist" / "firmware"
"""Where the build writes unless told otherwise; git ignores it."""

SERVICES = Path("etc/systemd/system")
"""Of the root."""
