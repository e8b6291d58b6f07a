"""What a listener knows of its room, from message to message. Pure."""

from collections.abc import Callable

from parvis_audio.clock_sync import ClockSync
from parvis_wire.errors import BadMessage
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Change,
    Failure,
    Join,
    Report,
    ResumeCredential,
    Role,
    Rung,
    Snapshot,
    Time,
    Welcome,
    parse_hub_message,
    serialize,
)
from parvis_wire.packet_time import PROGRAM_PTIME_MS, PacketTime
from parvis_wire.room_view import RoomView, fold
from parvis_wire.stage import SpeakerTraits, TimeReply


class ListenSession:
    """One listener or remote speaker over all its connections."""

    def __init__(
        self,
        room: str,
        *,
        speaker: SpeakerTraits | None = None,
        name: str | None = None,
        second_of: "ListenSession | None" = None,
        on_packet_time: Callable[[int], None] = lambda ptime_ms: None,
    ) -> None:
        """Nothing has been said.

        Args:
            room: where to listen.
            speaker: joins as a remote speaker; None: as a listener.
            name: what the speaker is called.
            second_of: the session whose second connection this is.
            on_packet_time: told how much the program's packets will hold, in ms.
        """
        self.hub_clock = ClockSync()
        self.welcome: Welcome | None = None
        self.view: RoomView | None = None
        self.clock: Time | None = None
        """The newest mapping of the room clock."""
        self.failure = ""
        """What the hub said before it closed the connection."""
        self.reconnect_spread_ms = 0
        self._room = room
        self._speaker = speaker
        self._name = name
        self._first = second_of
        self._on_packet_time = on_packet_time
        self._resume: str | None = None

    def join(self) -> str:
        """First message of a connection; comes back as the same participant when there was one."""
        self.failure = ""
        known = self if self._first is None else self._first
        stream = None
        if self._first is not None and self._first.welcome is not None:
            stream = self._first.welcome.stream
        token = known._resume
        return serialize(
            Join(
                version=PROTOCOL_VERSION,
                role=Role.LISTENER if self._speaker is None else Role.SPEAKER,
                room=self._room,
                credential=None if token is None else ResumeCredential(token=token),
                stream=stream,
                name=self._name,
                speaker=self._speaker,
            )
        )

    def forget_participant(self) -> bool:
        """Come back as somebody new, when the hub no longer knows us; whether that is new.

        A second connection has nothing to forget: it tries what its first knows by then.
        """
        known, self._resume = self._resume, None
        return known is not None or self._first is not None

    def report(self, buffer_ms: float, played_ms: float, underruns: int) -> str:
        """How playback fares, for the hub."""
        return serialize(
            Report(rung=Rung.NATIVE, buffer_ms=buffer_ms, played_ms=played_ms, underruns=underruns)
        )

    def receive(self, text: str, arrival_ns: int = 0) -> None:
        """Take a message of the hub; ``arrival_ns`` tells its clock.

        Raises:
            BadMessage: it cannot be read; a ``change`` that does not follow counts as such.
        """
        match parse_hub_message(text):
            case Welcome(resume=resume, reconnect_spread_ms=spread_ms) as welcome:
                self.welcome = welcome
                self._resume, self.reconnect_spread_ms = resume, spread_ms
                self.hub_clock = ClockSync()  # it may be a hub that was started again
                self.clock = None
                self._on_packet_time(PROGRAM_PTIME_MS)  # until it says otherwise
            case PacketTime(ptime_ms=ptime_ms):
                self._on_packet_time(ptime_ms)
            case Snapshot(view=view):
                self.view = view
            case Change() as change:
                self._fold(change)
            case Time() as clock:
                self.clock = clock
            case TimeReply() as reply:
                stamps = (reply.client_ns, reply.received_ns, reply.sent_ns)
                self.hub_clock.answered(*stamps, arrival_ns)
            case Failure(text=text):
                self.failure = text
            case _:
                pass  # acknowledgements and a host's status: nothing that we asked for

    def _fold(self, change: Change) -> None:
        if self.view is None:
            raise BadMessage("a change before the snapshot")
        try:
            self.view = fold(self.view, change.seq, change.event)
        except ValueError as error:
            raise BadMessage(str(error)) from error

    def speakers(self, ssrcs: tuple[int, ...]) -> tuple[str, ...]:
        """Names of the sources that a packet lists."""
        if self.view is None:
            return ()
        names = {turn.ssrc: turn.name for turn in self.view.floor}
        names |= {microphone.ssrc: microphone.name for microphone in self.view.microphones}
        return tuple(names[ssrc] for ssrc in ssrcs if ssrc in names)
