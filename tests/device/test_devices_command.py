"""What ``parvis-unit devices`` lists."""

import json

import pytest

from parvis_device import sound_cards
from parvis_device.devices_command import show_devices
from parvis_device.errors import MicrophoneTrouble
from parvis_device.sound_cards import Side, SoundCard

MICROPHONE = SoundCard(index=3, name="USB table", channels=1, rate_hz=48_000, is_default=True)
LOUDSPEAKER = SoundCard(index=5, name="Column", channels=2, rate_hz=44_100)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> dict[Side, tuple[SoundCard, ...]]:
    cards: dict[Side, tuple[SoundCard, ...]] = {Side.MICROPHONE: (), Side.LOUDSPEAKER: ()}
    monkeypatch.setattr(sound_cards, "rescan", lambda: None)
    monkeypatch.setattr(sound_cards, "cards", cards.__getitem__)
    return cards


async def test_a_script_gets_both_sides(
    plugged: dict[Side, tuple[SoundCard, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    plugged[Side.MICROPHONE], plugged[Side.LOUDSPEAKER] = (MICROPHONE,), (LOUDSPEAKER,)
    await show_devices(0, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [(card["index"], card["level_dbfs"]) for card in found["devices"]] == [(3, None)]
    assert found["loudspeakers"] == [
        {"index": 5, "name": "Column", "channels": 2, "rate_hz": 44_100, "default": False}
    ]


async def test_a_person_sees_what_is_there_and_what_is_not(
    plugged: dict[Side, tuple[SoundCard, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    plugged[Side.LOUDSPEAKER] = (LOUDSPEAKER,)
    await show_devices(0, as_json=False)
    shown = capsys.readouterr().out
    assert "Column" in shown and "no microphone is plugged in" in shown
    plugged[Side.MICROPHONE], plugged[Side.LOUDSPEAKER] = (MICROPHONE,), ()
    await show_devices(0, as_json=False)
    shown = capsys.readouterr().out
    assert "USB table (default)" in shown and "no loudspeaker is plugged in" in shown


async def test_a_machine_without_any_card_says_so(
    plugged: dict[Side, tuple[SoundCard, ...]],
) -> None:
    with pytest.raises(MicrophoneTrouble, match="no microphone is plugged in, and no loudspeaker"):
        await show_devices(0, as_json=False)
