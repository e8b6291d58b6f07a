"""NetworkManager's files and words, and its command line played by a script."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.provisioning import nmcli
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.network_manager import NetworkManager
from parvis_device.provisioning.networks import (
    JoinTrouble,
    Seen,
    Wifi,
    is_wifi_password,
    strongest,
)

PASSWORD = " a\\b;#=1 "


def test_the_profiles_are_those_that_nmcli_writes() -> None:
    """As `nmcli --offline connection add` of NetworkManager 1.42 spells these values."""
    own = nmcli.own_profile("Parvis-AB;1é", PASSWORD)
    for line in (
        "ssid=80;97;114;118;105;115;45;65;66;59;49;195;169;",
        "psk=\\sa\\\\b;#=1 ",
        "pmf=1",
        "proto=rsn;",
        "autoconnect=false",
        "address1=10.42.0.1/24",
        "method=shared",
    ):
        assert line in own.splitlines()
    joined = nmcli.join_profile(Wifi("Hall", PASSWORD, hidden=True))
    assert {"ssid=72;97;108;108;", "hidden=true", "psk=\\sa\\\\b;#=1 "} <= set(joined.splitlines())
    assert "autoconnect" not in joined
    assert "wifi-security" not in nmcli.join_profile(Wifi("Open", None))


@given(st.lists(st.text(max_size=10), min_size=1, max_size=5))
def test_fields_come_apart_as_they_were_put_together(values: list[str]) -> None:
    line = ":".join(value.replace("\\", "\\\\").replace(":", "\\:") for value in values)
    assert nmcli.fields(line) == values


AIR = "\n".join(
    (
        "Salle\\: A:40:WPA2:Infra",
        "Salle\\: A:82:WPA2:Infra",
        "Café:90::Infra",
        "eduroam:70:WPA2 802.1X:Infra",
        ":99:WPA2:Infra",
        "Parvis-ABCD:99:WPA2:AP",
        "nonsense",
    )
)


def test_the_list_of_networks() -> None:
    assert nmcli.networks_in(AIR) == [
        Seen("Café", 90, False),
        Seen("Salle: A", 82, True),
        Seen("eduroam", 70, True, enterprise=True),
    ]
    assert len(strongest([Seen(str(number), number, True) for number in range(90)])) == 24


@pytest.mark.parametrize(
    ("printed", "online"),
    [
        ("ethernet:connected:Wired connection 1\nwifi:disconnected:\n", True),
        ("wifi:connected:parvis-hotspot\nethernet:unavailable:\n", False),
        ("wifi:connected:parvis-wifi\n", True),
        ("wifi:connecting (getting IP configuration):parvis-wifi\n", False),
        ("bridge:connected (externally):docker0\nloopback:connected (externally):lo\n", False),
        ("", False),
    ],
)
def test_whether_there_is_a_network(printed: str, online: bool) -> None:
    assert nmcli.is_online(printed) is online


FAILED = "Error: Connection activation failed: "


@pytest.mark.parametrize(
    ("code", "said", "trouble"),
    [
        (0, "Connection successfully activated", None),
        (4, FAILED + "Secrets were required, but not provided", JoinTrouble.WRONG_PASSWORD),
        (4, FAILED + "802.1X supplicant took too long to authenticate", JoinTrouble.WRONG_PASSWORD),
        (4, FAILED + "The Wi-Fi network could not be found", JoinTrouble.NOT_FOUND),
        (
            4,
            FAILED + "IP configuration could not be reserved (no available address, timeout, etc.)",
            JoinTrouble.NO_ADDRESS,
        ),
        (3, "Error: Timeout expired (45 seconds)", JoinTrouble.FAILED),
    ],
)
def test_why_a_network_was_not_joined(code: int, said: str, trouble: JoinTrouble | None) -> None:
    assert nmcli.trouble_in(code, said) is trouble


def test_passwords() -> None:
    assert is_wifi_password("12345678") and is_wifi_password("x" * 63)
    assert is_wifi_password("0aF" * 21 + "0") and not is_wifi_password("z" * 64)
    assert not is_wifi_password("1234567") and not is_wifi_password("motdepassé")


SCRIPT = """#!/bin/sh
echo "$*" >> "{log}"
case "$*" in
  *"connection up id parvis-wifi"*)
    cp "{kept}" "{log}.meanwhile" 2>/dev/null
    cat "{answer}" >&2; exit $(cat "{code}");;
  *"connection delete uuid aaa") cat "{answer}"; exit $(cat "{code}");;
  *"connection show") printf 'aaa:802-11-wireless\\nbbb:802-3-ethernet\\n';;
  *"wifi list"*) printf 'Hall:50:WPA2:Infra\\n';;
  *DEVICE*|*"device") printf 'ethernet:connected:x\\n';;
esac
"""


class Machine:
    """A folder that is a machine's root, and what was asked of its `nmcli`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self._log = folder / "log"
        self._answer, self._code = folder / "answer", folder / "code"
        self.answers("")
        command = folder / "nmcli"
        kept = self.profile("etc", "parvis-wifi")
        files = {"log": self._log, "answer": self._answer, "code": self._code, "kept": kept}
        command.write_text(SCRIPT.format(**files))
        command.chmod(0o755)
        self.manager = NetworkManager(Disk(), self.root, str(command))

    def answers(self, said: str, code: int = 0) -> None:
        self._answer.write_text(said)
        self._code.write_text(str(code))

    @property
    def asked(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def meanwhile(self) -> str:
        """What was kept while a network was being joined."""
        return self._log.with_name("log.meanwhile").read_text()

    def profiles(self) -> list[Path]:
        return sorted(self.root.rglob("*.nmconnection"))

    def profile(self, kind: str, name: str) -> Path:
        return self.root / kind / "NetworkManager/system-connections" / f"{name}.nmconnection"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


async def test_joining_keeps_a_network_for_root_alone_and_says_no_password(
    machine: Machine,
) -> None:
    assert await machine.manager.join(Wifi("Hall", "sesame-sesame", country="FR")) is None
    kept = machine.profile("etc", "parvis-wifi")
    assert "psk=sesame-sesame" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "sesame" not in machine.asked and "connection up id parvis-wifi-tried" in machine.asked
    assert machine.asked.index("radio wifi on") < machine.asked.index("connection load")
    assert (
        "ieee80211_regdom=FR"
        in (machine.root / "etc/modprobe.d/parvis-wifi-country.conf").read_text()
    )


async def test_a_wrong_password_keeps_what_was_kept_before(machine: Machine) -> None:
    await machine.manager.join(Wifi("Hall", "sesame-sesame"))
    machine.answers("Error: Connection activation failed: Secrets were required", 4)
    trouble = await machine.manager.join(Wifi("Other", "wrong-wrong"))
    assert trouble is JoinTrouble.WRONG_PASSWORD
    assert "psk=sesame-sesame" in machine.profile("etc", "parvis-wifi").read_text()
    assert "wrong-wrong" not in "".join(path.read_text() for path in machine.profiles())


async def test_while_another_network_is_tried_the_kept_one_is_as_it_was(machine: Machine) -> None:
    """The power may go in that minute."""
    await machine.manager.join(Wifi("Hall", "sesame-sesame"))
    before = machine.profile("etc", "parvis-wifi").read_text()
    await machine.manager.join(Wifi("Other", "other-other"))
    assert machine.meanwhile == before
    tried = machine.profile("run", "parvis-wifi-tried").read_text()
    assert "autoconnect=false" in tried, "it is joined by this start alone"
    assert "psk=other-other" in machine.profile("etc", "parvis-wifi").read_text()


async def test_the_network_of_before_is_the_second_choice(machine: Machine) -> None:
    """A card's file with a wrong password must not cost a unit its network."""
    machine.manager.keep(Wifi("Hall", "sesame-sesame"))
    machine.manager.keep(Wifi("Hall", "sesame-sesame"))
    former = machine.profile("etc", "parvis-wifi-before")
    assert not former.exists(), "the same one again is no other"
    machine.manager.keep(Wifi("Other", "wrong-wrong"))
    lines = former.read_text().splitlines()
    assert {"id=parvis-wifi-before", "autoconnect-priority=-1", "psk=sesame-sesame"} <= set(lines)
    assert lines.count("[wifi]") == 1 and "autoconnect=false" not in lines
    uuids = {
        next(line for line in path.read_text().splitlines() if line.startswith("uuid="))
        for path in machine.profiles()
    }
    assert len(uuids) == 2
    await machine.manager.load()
    assert str(former) in machine.asked
    await machine.manager.forget()
    assert machine.profiles() == []


@pytest.mark.parametrize("left", [b"", bytes(600), b"\xff\xfe\x80" * 200])
async def test_a_damaged_profile_hinders_no_new_network(machine: Machine, left: bytes) -> None:
    """Of a card that lost a block: a new one is kept, and the second choice stays as it was."""
    machine.manager.keep(Wifi("Hall", "sesame-sesame"))
    machine.manager.keep(Wifi("Foyer", "foyer-foyer"))
    kept = machine.profile("etc", "parvis-wifi")
    kept.write_bytes(left)
    assert await machine.manager.join(Wifi("Other", "other-other")) is None
    assert "psk=other-other" in kept.read_text()
    assert "psk=sesame-sesame" in machine.profile("etc", "parvis-wifi-before").read_text()


async def test_a_network_that_is_kept_is_tried_again_and_stays(machine: Machine) -> None:
    assert await machine.manager.try_kept() is None
    machine.manager.keep(Wifi("Salle; des fêtes", "sesame-sesame"))
    machine.answers("Error: Connection activation failed: Secrets were required", 4)
    told = await machine.manager.try_kept()
    assert told == ("Salle; des fêtes", JoinTrouble.WRONG_PASSWORD)
    assert machine.profile("etc", "parvis-wifi").exists()


async def test_a_network_that_was_never_joined_is_not_kept(machine: Machine) -> None:
    machine.answers("Error: ...: The Wi-Fi network could not be found", 4)
    assert await machine.manager.join(Wifi("Gone", None)) is JoinTrouble.NOT_FOUND
    assert not machine.profile("etc", "parvis-wifi").exists()


async def test_its_own_wifi_opens_and_leaves_nothing(machine: Machine) -> None:
    assert await machine.manager.open_hotspot("Parvis-ABCD", "abcdefghjkmn")
    own = machine.profile("run", "parvis-hotspot")
    names = machine.root / "etc/NetworkManager/dnsmasq-shared.d/parvis-provision.conf"
    assert "mode=ap" in own.read_text() and "address=/#/10.42.0.1" in names.read_text()
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    await machine.manager.close_hotspot()
    assert not own.exists() and not names.exists()
    assert "abcdefghjkmn" not in machine.asked


async def test_what_is_in_the_air_and_forgetting(machine: Machine) -> None:
    assert await machine.manager.scan() == [Seen("Hall", 50, True)]
    assert await machine.manager.online()
    machine.manager.keep(Wifi("Hall", "sesame-sesame"))
    await machine.manager.forget()
    assert "connection delete uuid aaa" in machine.asked and "bbb" not in machine.asked
    assert not machine.profile("etc", "parvis-wifi").exists()


async def test_a_network_that_cannot_be_forgotten_is_told(machine: Machine) -> None:
    machine.answers("Error: not authorized", 1)
    machine.manager.keep(Wifi("Hall", "sesame-sesame"))
    with pytest.raises(OSError, match="not authorized"):
        await machine.manager.forget()
    assert not machine.profile("etc", "parvis-wifi").exists(), (
        "the others are forgotten all the same"
    )


async def test_a_machine_without_networkmanager_has_no_network(tmp_path: Path) -> None:
    manager = NetworkManager(Disk(), tmp_path, str(tmp_path / "nothing"))
    assert not await manager.online() and await manager.scan() == []
    assert not await manager.open_hotspot("Parvis-ABCD", "abcdefghjkmn")
    assert await manager.join(Wifi("Hall", None)) is JoinTrouble.FAILED


async def test_an_nmcli_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "nmcli"
    command.write_text("#!/bin/sh\nexec sleep 60\n")
    command.chmod(0o755)
    manager = NetworkManager(Disk(), tmp_path, str(command))
    async with asyncio.timeout(20):
        code, said = await manager._ask("device", within_s=0.1)
    assert code == 124 and "did not answer" in said
