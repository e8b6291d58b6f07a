"""What is said of a recording and the consent to it, for the vectors of messages and views."""

from collections.abc import Sequence

from parvis_wire import recording as r
from parvis_wire.base import Wire
from parvis_wire.messages import Ack, Change, RefusalCode
from parvis_wire.room_events import RoomEvent

RECORDING = "20261123T190000Z-1"

TERMS = r.RecordingTerms(
    retention_days=90,
    unattended=r.Unattended.RECORDED,
    unrecorded_may_speak=False,
    purpose_fr="pour les archives",
    purpose_en="for the archive",
    contact="ana@example.org",
)


def notice(version: str) -> r.Notice:
    fr = r.NoticeWords(
        hearing="Cette salle est enregistrée.",
        to_record="Votre voix peut-elle être enregistrée ?",
        to_publish="Et publiée ?",
        aloud="Cette salle est enregistrée à partir de maintenant.",
    )
    en = r.NoticeWords(
        hearing="This room is being recorded.",
        to_record="May your voice be recorded?",
        to_publish="And published?",
        aloud="This room is being recorded from now on.",
    )
    return r.Notice(version=version, fr=fr, en=en)


def recording(number: int = 1, version: str = "0123456789abcdef") -> r.Recording:
    return r.Recording(
        recording=f"20261123T190000Z-{number}",
        begun_at=800,
        begun_utc_ms=1_800_000_000_000,
        terms=TERMS,
        notice=notice(version),
    )


def consent(who: str, *, recorded: bool, published: bool = False) -> r.Consent:
    return r.Consent(
        participant=who, name="Zoé", recorded=recorded, published=published,
        text_version="0123456789abcdef", at=810,
    )  # fmt: skip


def of_a_recording() -> Sequence[Wire]:
    """What a host, and whoever speaks, asks for."""
    return [
        r.StartRecording(id="k1", terms=r.RecordingTerms()),
        r.StartRecording(id="k2", terms=TERMS),
        r.SetRecordingTerms(id="k3", terms=TERMS),
        r.StopRecording(id="k4"),
        r.AnswerRecording(id="k5", recorded=True, published=False, text_version="0123456789abcdef"),
        r.WithdrawVoice(id="k6"),
        r.WithdrawVoice(id="k7", recording=RECORDING, participant="p9"),
    ]


def told_of_a_recording() -> Sequence[Wire]:
    """What the hub says."""
    changes = (
        Change(seq=number, room_clock=810 + number, event=event)
        for number, event in enumerate(a_recording(), start=5)
    )
    refused = RefusalCode.CONSENT_NEEDED
    return [Ack(id="k8", refused=refused, text="the two questions come first"), *changes]


def a_recording() -> list[RoomEvent]:
    """Two recordings: answers, another text, a voice that is withdrawn."""
    return [
        r.RecordingStarted(recording=recording()),
        r.Consented(consent=consent("ph1", recorded=True, published=True)),
        r.Consented(consent=consent("ph2", recorded=False)),
        r.Consented(consent=consent("ph1", recorded=True)),
        r.SourcesRecorded(sources=(1, 9)),
        r.Withdrew(participant="ph1", recording=RECORDING),
        r.Withdrew(participant="ph2", recording="19991231T235959Z-7"),
        r.SourcesRecorded(sources=()),
        r.RecordingChanged(terms=r.RecordingTerms(), notice=notice("fedcba9876543210")),
        r.RecordingStopped(recording=RECORDING),
        r.SourcesRecorded(sources=(1,)),
        r.RecordingChanged(terms=TERMS, notice=notice("fedcba9876543210")),
        r.Withdrew(participant="ph1", recording=RECORDING),
        r.RecordingStarted(recording=recording(2)),
        r.Consented(consent=consent("ph1", recorded=True)),
        r.RecordingStopped(recording="20261123T190000Z-2", reason=r.RecordingEnd.CLOSED),
    ]
