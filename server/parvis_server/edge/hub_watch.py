"""Whether the hub is there, and which one; when to say hello to it. Pure.

An edge serves the hub that answered its hello, as long as that one beats. Another hub's beats are
answered with a hello only when its own falls silent: two hubs that publish under one site do not
make an edge go to and fro.
"""

from parvis_wire.edges import AWAY_AFTER_S, BEAT_EVERY_S, HubBeat, HubHello

NS_PER_S = 1_000_000_000

AWAY_NS = round(AWAY_AFTER_S * NS_PER_S)
SILENT_NS = round(1.5 * BEAT_EVERY_S * NS_PER_S)
"""Then another hub may have taken its place."""

HELLO_EVERY_NS = NS_PER_S
REFUSED_EVERY_NS = 10 * NS_PER_S
"""An edge of another version is not let in a second later either."""


class HubWatch:
    """What an edge knows of its hub."""

    def __init__(self) -> None:
        """Nobody is there yet."""
        self.hello: HubHello | None = None
        """What the hub said when it let this edge serve."""
        self.is_reached = False
        self.others = 0
        """Beats of other hubs while our own was there."""
        self._beat_ns: int | None = None
        self._wanted = True
        self._asking = False
        self._next_ns = 0

    @property
    def hub(self) -> str | None:
        """Whom this edge serves."""
        return None if self.hello is None else self.hello.hub

    def hello_due(self, now_ns: int) -> bool:
        """Whether to say hello now; if so, ``welcomed`` or ``failed`` has to follow."""
        due = self._wanted and not self._asking and now_ns >= self._next_ns
        self._asking = self._asking or due
        return due

    def want(self) -> None:
        """Say hello again: the hub does not know this edge, or the bus was cut."""
        self._wanted = True

    def welcomed(self, hello: HubHello, now_ns: int) -> bool:
        """The hub lets this edge serve; whether it is another than before."""
        is_other = hello.hub != self.hub
        self._asking = self._wanted = False
        self._next_ns = now_ns + HELLO_EVERY_NS
        self.hello, self._beat_ns = hello, now_ns
        return is_other

    def failed(self, now_ns: int, *, is_refused: bool = False) -> None:
        """Nobody answered, or not as hoped."""
        self._asking, self._wanted = False, True
        self._next_ns = now_ns + (REFUSED_EVERY_NS if is_refused else HELLO_EVERY_NS)

    def beat(self, beat: HubBeat, now_ns: int) -> None:
        """A hub is there."""
        if beat.hub == self.hub:
            self._beat_ns = now_ns
        elif self._is_silent(now_ns, SILENT_NS):
            self._wanted = True
        else:
            self.others += 1

    def excuse(self, stalled_ns: int) -> None:
        """This process stood still for so long: beats of that time wait to be read."""
        if self._beat_ns is not None:
            self._beat_ns += stalled_ns

    def look(self, now_ns: int) -> bool:
        """Whether the hub was lost or came back since the last look; see ``is_reached``."""
        reached = self.hello is not None and not self._is_silent(now_ns, AWAY_NS)
        changed = reached is not self.is_reached
        self.is_reached = reached
        if not reached:
            self._wanted = True
        return changed

    def _is_silent(self, now_ns: int, for_ns: int) -> bool:
        return self._beat_ns is None or now_ns - self._beat_ns >= for_ns
