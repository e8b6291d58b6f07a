"""A hall that is recorded, and short words for what is said of it."""

from typing import Any

from fakes.gathering import WRITE_NOTICE, Hall, far_microphone
from parvis_server.room.results import RecordVoices, Voice
from parvis_wire.commands import (
    LeaveFloor,
    RaiseHand,
    TakeFloor,
)
from parvis_wire.floor import FloorMode
from parvis_wire.messages import RefusalCode
from parvis_wire.recording import (
    AnswerRecording,
    Recording,
    RecordingTerms,
    StartRecording,
)

TAKE, LEAVE = TakeFloor(id="x"), LeaveFloor(id="x")
ADA_FAR = 11
"""The source of her phone."""


class Recorded(Hall):
    """A hall that may be recorded."""

    def record(self, **terms: Any) -> None:
        """The host starts."""
        start = StartRecording(id="x", terms=RecordingTerms(**terms))
        assert self.do("host", start) is None

    def answer(self, who: str, *, recorded: bool, published: bool = False) -> RefusalCode | None:
        """To the text that counts."""
        recording = self.room.view.recording
        version = recording.notice.version if recording is not None else "0" * 16
        command = AnswerRecording(
            id="x", recorded=recorded, published=published, text_version=version
        )
        return self.do(who, command)

    def yes(self, who: str, *, published: bool = False) -> None:
        assert self.answer(who, recorded=True, published=published) is None

    def no(self, who: str) -> None:
        assert self.answer(who, recorded=False) is None

    def speaks_at(self, unit: str) -> None:
        """A press at a unit in the mode open."""
        assert self.press(unit) is None

    def speaks_far(self, who: str = "ada", ssrc: int = ADA_FAR) -> str:
        """Somebody speaks into their phone; its microphone."""
        microphone = self.granted_far(who, ssrc)
        assert self.do(microphone, TAKE) is None
        return microphone

    def granted_far(self, who: str = "ada", ssrc: int = ADA_FAR) -> str:
        """In the mode open the line moves by itself."""
        assert self.do(who, RaiseHand(id="x", speaks=True)) is None
        microphone = far_microphone(who, ssrc)
        self.come(microphone)
        return microphone.participant

    @property
    def recorded(self) -> list[int]:
        """Sources in the recording now, as the hub was told and as everybody sees it."""
        voices = self.room.recorded_voices
        told = [e.voices for e in self.effects if isinstance(e, RecordVoices)]
        assert (told[-1] if told else ()) == voices, "the hub was told"
        recording = self.room.view.recording
        shown = recording.sources if recording is not None else ()
        assert {voice.ssrc for voice in voices} <= set(shown), "everybody was told"
        return [voice.ssrc for voice in voices]

    @property
    def recorded_voices_told(self) -> tuple[Voice, ...]:
        """What the hub was told last."""
        return [e.voices for e in self.effects if isinstance(e, RecordVoices)][-1]

    @property
    def voice(self) -> Voice:
        [voice] = self.room.recorded_voices
        return voice


def recorded_hall() -> Recorded:
    """In the mode open, with room for five."""
    hall = Recorded()
    hall.mode(FloorMode.OPEN, cap=5)
    return hall


def recording_of(*sources: int) -> Recording:
    """One that runs, with these microphones in it."""
    terms, notice = WRITE_NOTICE(RecordingTerms(), "Hall")
    return Recording(
        recording="20261123T190000Z-1", begun_at=0, begun_utc_ms=0, terms=terms, notice=notice,
        sources=sources,
    )  # fmt: skip
