"""The stage's share of the talk: whose voice is foremost in the program."""

from parvis_server.room.stage_talk import StageTalk
from parvis_wire.floor import Microphone
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket

DESK, TURN = 7, 9
VIEW = RoomView(
    room="main", title="x", seq=1, microphones=(Microphone(unit="d", name="Desk", ssrc=DESK),)
)


def program(*csrcs: int) -> bytes:
    return RtpPacket(sequence=1, timestamp=960, ssrc=1, payload=b"x", csrcs=csrcs).serialize()


def test_it_counts_while_an_always_open_source_is_the_loudest() -> None:
    talk = StageTalk(lambda: VIEW)
    for csrcs in ((DESK,), (DESK, TURN), (TURN, DESK), (TURN,), ()):
        talk.heard(20, program(*csrcs))
    assert talk.ms == 40


def test_what_is_no_packet_counts_for_nobody() -> None:
    talk = StageTalk(lambda: VIEW)
    talk.heard(20, b"")
    assert talk.ms == 0
