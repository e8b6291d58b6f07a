"""A unit is set up, from its first start to a network, with fakes for what is not decided here."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.provisioned import FakeSearch, UnitToSetUp
from parvis_device.address import HubAddress
from parvis_device.candidates import Candidate
from parvis_device.identity import SITE_KEY, UNIT_KEY, open_identity
from parvis_device.light import LinkState, Signal
from parvis_device.provisioning.networks import JoinTrouble, Seen, Wifi
from parvis_device.provisioning.page.desk import Wish
from parvis_device.provisioning.reset import BEGUN
from parvis_server.labels import new_labels

LABEL = new_labels(1, 1, "Table", None)[0]
HALL = Wifi("Hall", "sesame-sesame")


@pytest.fixture
def unit(tmp_path: Path) -> UnitToSetUp:
    return UnitToSetUp(tmp_path)


async def test_ethernet_needs_nothing(unit: UnitToSetUp) -> None:
    unit.networks.connected = True
    await unit.start()
    assert unit.pace.seconds < 1 and unit.networks.history == []
    assert unit.lamp.signals == [Signal.CONNECTING]


async def test_a_card_with_a_wifi_needs_nobody(unit: UnitToSetUp) -> None:
    unit.card.write_text(LABEL.settings + 'wifi_name = "Hall"\nwifi_password = "sesame-sesame"\n')
    await unit.start()
    assert unit.networks.kept == HALL and unit.networks.history == []
    assert unit.settings.values()["name"] == "Table 1"


async def test_no_network_opens_its_own_and_the_page_joins_one(unit: UnitToSetUp) -> None:
    unit.card.write_text(LABEL.settings)
    wish = Wish(HALL, "https://192.168.1.20:8443", "Table de Zoé")
    unit.pace.at(100, lambda: unit.page.ask(wish))
    await unit.start()
    assert unit.networks.history == ["open", "close", "join Hall: well"]
    assert unit.networks.kept == HALL
    assert [seen.name for seen in unit.page.views[0].networks] == ["Hall", "Café"]
    assert unit.settings.values()["hub"] == "https://192.168.1.20:8443"
    assert unit.settings.values()["name"] == "Table de Zoé"
    times = dict((signal, at) for at, signal in unit.lamp.history[:2])
    assert 59 < times[Signal.SETTING_UP] < 62


async def test_its_own_wifi_is_that_of_the_label(unit: UnitToSetUp) -> None:
    unit.card.write_text(LABEL.settings)
    seen: list[tuple[str, str] | None] = []
    unit.pace.at(70, lambda: seen.append(unit.networks.own))
    unit.pace.at(71, lambda: setattr(unit.networks, "connected", True))
    await unit.start()
    assert seen == [(LABEL.hotspot.name, LABEL.hotspot.password)]
    assert not (unit.folder / "boot" / "parvis-hotspot.txt").exists()
    assert unit.networks.own is None, "a network came: it closed"


async def test_without_a_label_its_password_is_made_once_and_is_no_default(
    tmp_path: Path,
) -> None:
    made = []
    for name in ("one", "other", "one"):
        (tmp_path / name).mkdir(exist_ok=True)
        unit = UnitToSetUp(tmp_path / name)
        unit.pace.at(70, lambda unit=unit: made.append(unit.networks.own))  # type: ignore[misc]
        unit.pace.at(71, lambda unit=unit: setattr(unit.networks, "connected", True))  # type: ignore[misc]
        await unit.start()
        note = (unit.folder / "boot" / "parvis-hotspot.txt").read_text()
        assert made[-1] is not None and all(part in note for part in made[-1])
    assert made[0] == made[2] != made[1]
    assert made[0][1] != made[1][1] and len(made[0][1]) == 12


async def test_a_wrong_password_brings_the_page_back_and_says_so(unit: UnitToSetUp) -> None:
    unit.pace.at(70, lambda: unit.page.ask(Wish(Wifi("Hall", "wrong-wrong"))))
    unit.pace.at(90, lambda: unit.page.ask(Wish(HALL)))
    await unit.start()
    assert unit.page.views[0].trouble is None
    assert unit.page.views[1].trouble is JoinTrouble.WRONG_PASSWORD
    assert unit.page.views[1].tried == "Hall"
    assert unit.networks.history == [
        *("open", "close", "join Hall: wrong_password"),
        *("open", "close", "join Hall: well"),
    ]


async def test_a_wrong_password_on_the_card_is_told_by_the_page(unit: UnitToSetUp) -> None:
    unit.card.write_text(LABEL.settings + 'wifi_name = "Hall"\nwifi_password = "wrong-wrong"\n')
    unit.pace.at(70, lambda: unit.page.ask(Wish(HALL)))
    await unit.start()
    assert unit.page.views[0].trouble is JoinTrouble.WRONG_PASSWORD
    assert unit.page.views[0].tried == "Hall" and unit.networks.kept == HALL


async def test_a_known_network_that_comes_at_the_last_moment_needs_no_page(
    unit: UnitToSetUp,
) -> None:
    unit.networks.kept, unit.networks.air = HALL, []
    air = [Seen("Hall", 50, True)]
    unit.pace.at(59, lambda: setattr(unit.networks, "air", air))
    await unit.start()
    assert unit.networks.history == [] and 59 < unit.pace.seconds < 65


async def test_a_typo_is_on_the_light_and_on_the_page_and_the_unit_tries_on(
    unit: UnitToSetUp,
) -> None:
    unit.card.write_text(LABEL.settings + 'hub = "192.168.1.20"\n')
    unit.pace.at(70, lambda: unit.page.ask(Wish(HALL)))
    await unit.start()
    assert "line 7: hub: '192.168.1.20' is no hub address" in unit.page.views[0].mistake
    assert unit.lamp.signals == [
        *(Signal.CONNECTING, Signal.NOT_SET_UP, Signal.SETTING_UP, Signal.NOT_SET_UP)
    ]
    assert unit.networks.connected and "hub =" in unit.card.read_text()


async def test_the_venues_wifi_comes_back_later_than_the_unit(unit: UnitToSetUp) -> None:
    unit.networks.keep(HALL)
    air, unit.networks.air = unit.networks.air, []
    unit.pace.at(400, lambda: setattr(unit.networks, "connected", True))
    await unit.start()
    assert unit.networks.history == ["open", "close", "open", "close"]
    assert air and unit.pace.seconds < 405


async def test_held_for_ten_seconds_the_page_opens_beside_a_network(unit: UnitToSetUp) -> None:
    unit.networks.connected = True
    unit.search = FakeSearch(Candidate("Town hall", HubAddress.parse("https://10.0.0.2"), "S"))
    unit.hold_for(12)

    def asked_to_press() -> None:
        unit.doors[0].state = LinkState.PRESS_TO_PAIR
        unit.down = True

    unit.pace.at(15, asked_to_press)
    unit.pace.at(16, lambda: setattr(unit, "down", False))
    unit.pace.at(20, lambda: unit.page.ask(Wish(None)))
    await unit.start()
    assert unit.networks.history == ["open", "close"]
    assert unit.doors[0].presses == ["down", "up"] and unit.doors[0].left
    assert unit.lamp.signals[2] is Signal.PRESS_TO_PAIR
    assert unit.page.views[0].link is LinkState.PRESS_TO_PAIR
    assert unit.page.views[0].online and unit.page.views[0].hubs == ["Town hall (10.0.0.2:443)"]
    moment, signal = unit.lamp.history[1]
    assert signal is Signal.SETTING_UP and 9.9 < moment < 10.2


async def test_held_for_thirty_seconds_it_is_as_new(unit: UnitToSetUp) -> None:
    unit.card.write_text(LABEL.settings + 'hub = "https://192.168.1.20:8443"\n')
    unit.networks.connected = True
    await unit.start()
    identity = open_identity(unit.state)
    identity.belong_to(bytes(32))
    unit.hold_for(unit.pace.seconds + 35)
    before = len(unit.lamp.history)
    unit.pace.at(200, lambda: setattr(unit.networks, "connected", True))
    await unit.start()
    assert unit.lamp.signals[before:][:5] == [
        *(Signal.SETTING_UP, Signal.FORGETTING, Signal.FORGET_NOW),
        *(Signal.CONNECTING, Signal.SETTING_UP),
    ]
    assert unit.networks.history[:1] == ["forget"]
    assert not (unit.state / UNIT_KEY).exists() and not (unit.state / SITE_KEY).exists()
    assert not (unit.state / BEGUN).exists()
    kept = unit.settings.values()
    assert set(kept) == {"setup_code", "hotspot_name", "hotspot_password"}, "its label's"
    assert open_identity(unit.state).unit != identity.unit


async def test_letting_go_in_time_forgets_nothing(unit: UnitToSetUp) -> None:
    unit.networks.connected = True
    key = open_identity(unit.state).unit
    unit.hold_for(29)
    unit.pace.at(60, lambda: unit.page.ask(Wish(None)))
    await unit.start()
    assert Signal.FORGETTING in unit.lamp.signals and Signal.FORGET_NOW not in unit.lamp.signals
    assert "forget" not in unit.networks.history and open_identity(unit.state).unit == key


async def test_a_reset_that_was_cut_off_goes_on(unit: UnitToSetUp) -> None:
    key = open_identity(unit.state).unit
    (unit.state / BEGUN).write_text("")
    unit.pace.at(1, lambda: setattr(unit.networks, "connected", True))
    await unit.start()
    assert unit.networks.history == ["forget"] and open_identity(unit.state).unit != key


async def test_a_wifi_that_cannot_be_forgotten_is_told_and_costs_no_further_key(
    unit: UnitToSetUp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def forget() -> None:
        raise OSError(5, "not authorized")

    monkeypatch.setattr(unit.networks, "forget", forget)
    old = open_identity(unit.state).unit
    (unit.state / BEGUN).write_text("")
    unit.networks.connected = True
    await unit.start()
    assert "a Wi-Fi is still known (not authorized)" in caplog.text
    new = open_identity(unit.state).unit
    assert new != old
    await unit.start()
    assert open_identity(unit.state).unit == new


async def test_a_hub_on_the_same_machine_needs_no_network(unit: UnitToSetUp) -> None:
    unit.needs_network = False
    await unit.start()
    assert unit.networks.history == [] and unit.pace.seconds == 0


async def test_without_a_radio_it_waits_for_a_cable(unit: UnitToSetUp) -> None:
    unit.networks.radio = False
    unit.pace.at(600, lambda: setattr(unit.networks, "connected", True))
    await unit.start()
    assert 599 < unit.pace.seconds < 605 and unit.networks.history == []


async def test_a_full_card_is_on_the_light_and_the_unit_tries_on(
    unit: UnitToSetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit.card.write_text(LABEL.settings)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("parvis_device.provisioning.disk.os.fsync", full)
    unit.pace.at(70, lambda: unit.page.ask(Wish(HALL)))
    await unit.start()
    assert Signal.NOT_SET_UP in unit.lamp.signals and unit.networks.connected
    assert unit.card.read_text() == LABEL.settings
