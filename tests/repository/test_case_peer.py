"""The client of the public WebSocket cases keeps to the protocol itself."""

from fakes.autobahn.peer import CasePeer


class NoCase:
    """A case that does nothing."""

    def __init__(self, protocol: object) -> None:
        pass


def test_a_ping_within_a_frame_that_is_sent_in_parts_is_not_answered_within_it() -> None:
    peer = CasePeer(NoCase)
    peer.beginMessageFrame(6)
    peer.sendMessageFrameData("abc")
    peer._came(9, True, b"ping")
    assert peer._out.qsize() == 2, "the head and three bytes"
    peer.sendMessageFrameData("def")
    peer._came(9, True, b"ping")
    assert peer._out.qsize() == 4
