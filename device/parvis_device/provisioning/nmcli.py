"""NetworkManager's files and what ``nmcli`` prints: text in, text out. Pure.

A password stands in a profile's file, which only root may read, and never on a command line, which
everybody on the machine may. A profile is what NetworkManager calls a keyfile
(nm-settings-keyfile(5)): values with GLib's backslashes, a network's name as a list of bytes, since
it may hold any.

The unit's own Wi-Fi asks for no protected management frames (``pmf=1``): with them, the driver of
the Raspberry Pi's radio refuses the group key, and the network never opens.
"""

import uuid
from collections.abc import Iterator

from parvis_device.provisioning.networks import JoinTrouble, Seen, Wifi, strongest

OWN_WIFI, JOINED_WIFI = "parvis-hotspot", "parvis-wifi"
FORMER_WIFI, TRIED_WIFI = "parvis-wifi-before", "parvis-wifi-tried"
"""Names of the profiles: the unit's own Wi-Fi, the one that it joins, the one that it joined before
(also joined, where the other is not there or does not let it in), and one that is being tried."""

OWN_ADDRESS = "10.42.0.1"
OWN_NETWORK = "10.42.0.0/24"
"""The one that NetworkManager takes for a shared network, said aloud so that the page knows it."""

SCAN_FIELDS = "SSID,SIGNAL,SECURITY,MODE"
DEVICE_FIELDS = "TYPE,STATE,CONNECTION"

CATCH_ALL = f"# Of parvis-unit provision, while its own Wi-Fi is open.\naddress=/#/{OWN_ADDRESS}\n"
"""For NetworkManager's dnsmasq: every name leads to the page, so that phones show it unasked."""

_OF_PARVIS = uuid.UUID("0b8f1d0a-6d7c-5a59-9d5e-7a3a7b0c7e52")
_ENTERPRISE = "802.1X"


def join_profile(wifi: Wifi, name: str = JOINED_WIFI) -> str:
    """The profile that joins a network, now and whenever it is there; by name alone, if tried."""
    head = _head(name, autoconnect=name != TRIED_WIFI)
    lines = [*head, "[wifi]", "mode=infrastructure"]
    lines += [f"ssid={_bytes(wifi.name)}", *(["hidden=true"] if wifi.hidden else [])]
    if wifi.password is not None:
        # WPA3 alone is joined, too: NetworkManager adds SAE to wpa-psk where both sides know it.
        lines += ["", "[wifi-security]", "key-mgmt=wpa-psk", f"psk={_escaped(wifi.password)}"]
    lines += ["", "[ipv4]", "method=auto", "", "[ipv6]", "method=auto", ""]
    return "\n".join(lines)


def as_former(profile: bytes) -> str | None:
    """A profile that ``join_profile`` made, joined only where the one that took its place is not.

    None: a damaged card left nothing of it that could be joined.

    NetworkManager takes the profile of the higher priority among those that are in the air.
    """
    _, mark, rest = profile.decode(errors="replace").partition("[wifi]")
    if "\nssid=" not in rest:
        return None
    lines = _head(FORMER_WIFI, autoconnect=True)
    lines.insert(-1, "autoconnect-priority=-1")
    return "\n".join([*lines, mark]) + rest


def own_profile(name: str, password: str) -> str:
    """The profile of the unit's own Wi-Fi, with DHCP and names by NetworkManager."""
    lines = [*_head(OWN_WIFI, autoconnect=False), "[wifi]", "mode=ap", "band=bg", "channel=6"]
    lines += [f"ssid={_bytes(name)}", ""]
    lines += ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={_escaped(password)}"]
    lines += ["proto=rsn;", "pairwise=ccmp;", "group=ccmp;", "pmf=1", ""]
    lines += ["[ipv4]", "method=shared", f"address1={OWN_ADDRESS}/24", ""]
    lines += ["[ipv6]", "method=disabled", ""]
    return "\n".join(lines)


def name_in(profile: str) -> str:
    """The network of a profile that ``join_profile`` made."""
    for line in profile.splitlines():
        key, _, value = line.partition("=")
        if key == "ssid":
            numbers = [part for part in value.split(";") if part.isdecimal()]
            return bytes(int(part) for part in numbers if int(part) < 256).decode(
                "utf-8", "replace"
            )
    return ""


def fields(line: str) -> list[str]:
    """The fields of one line of ``nmcli --terse``: colons between them, backslashes in them."""
    parts, part, escaped = [], "", False
    for sign in line:
        if escaped:
            part, escaped = part + sign, False
        elif sign == "\\":
            escaped = True
        elif sign == ":":
            parts.append(part)
            part = ""
        else:
            part += sign
    return [*parts, part]


def networks_in(printed: str) -> list[Seen]:
    """What ``nmcli --terse --fields SCAN_FIELDS device wifi list`` saw, the strongest first."""
    return strongest(list(_seen(printed)))


def _seen(printed: str) -> Iterator[Seen]:
    for line in printed.splitlines():
        parts = fields(line)
        if len(parts) != 4:
            continue
        name, strength, security, mode = parts
        if not name.strip() or mode == "AP" or not name.isprintable():
            continue  # hidden, or our own
        percent = int(strength) if strength.isdecimal() else 0
        yield Seen(name, min(percent, 100), bool(security.strip("-")), _ENTERPRISE in security)


def is_online(printed: str) -> bool:
    """Whether ``nmcli --terse --fields DEVICE_FIELDS device`` shows a network of others."""
    for line in printed.splitlines():
        parts = fields(line)
        if len(parts) != 3:
            continue
        kind, state, connection = parts
        # "connected (externally)" is a bridge or a tunnel that somebody else made.
        if kind in ("ethernet", "wifi") and state == "connected" and connection != OWN_WIFI:
            return True
    return False


def has_way_out(routes: str) -> bool:
    """Whether /proc/net/route has a way to everywhere, which the unit's own Wi-Fi never makes."""
    rows = (line.split() for line in routes.splitlines()[1:])
    return any(len(row) > 7 and row[1] == row[7] == "00000000" for row in rows)


def trouble_in(exit_code: int, said: str) -> JoinTrouble | None:
    """Why ``nmcli connection up`` did not join, from its exit code and its English words."""
    if exit_code == 0:
        return None
    if "ecrets were required" in said or "supplicant" in said.lower():
        return JoinTrouble.WRONG_PASSWORD
    if "could not be found" in said or "No suitable device" in said:
        return JoinTrouble.NOT_FOUND
    if "IP configuration" in said:
        return JoinTrouble.NO_ADDRESS
    return JoinTrouble.FAILED


def wifi_profiles_in(printed: str) -> list[str]:
    """The UUIDs of Wi-Fi profiles in ``nmcli --terse --fields UUID,TYPE connection show``."""
    rows = (fields(line) for line in printed.splitlines())
    return [row[0] for row in rows if len(row) == 2 and row[1] == "802-11-wireless"]


def _head(name: str, *, autoconnect: bool) -> list[str]:
    # The same UUID each time: the profile that is written again is the same one.
    lines = ["[connection]", f"id={name}", f"uuid={uuid.uuid5(_OF_PARVIS, name)}", "type=wifi"]
    if not autoconnect:
        lines.append("autoconnect=false")
    return [*lines, ""]


def _bytes(name: str) -> str:
    return "".join(f"{byte};" for byte in name.encode())


def _escaped(value: str) -> str:
    """As GLib's key files want it: backslashes doubled, spaces at the front spelled."""
    doubled = value.replace("\\", "\\\\")
    bare = doubled.lstrip(" ")
    return "\\s" * (len(doubled) - len(bare)) + bare
