"""How a unit comes to a network, as a table: what happens, and what is done. Pure.

The button is read first, if it is down as the unit starts. Then a network is waited for; Ethernet
and a Wi-Fi that is known come by themselves. After a minute without one the unit opens its own
Wi-Fi, with a page that asks for a network. A network that is not joined brings its own Wi-Fi back,
and the page says why. While nobody uses the page it looks for the known networks again and again:
where the power failed, the venue's Wi-Fi may be slower to come back than the unit.

Whoever asked for the unit's own Wi-Fi with the button gets it whether there is a network or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parvis_device.provisioning.boot_hold import SECOND_NS, HoldStage, stage_of

NO_NETWORK_NS = 60 * SECOND_NS
"""A venue's DHCP may take half of it."""

NOBODY_NS = 180 * SECOND_NS
"""After so long without a request of a page nobody is there, who would be cut off."""

LOOK_AGAIN_NS = 45 * SECOND_NS
"""How long the known networks are looked for between."""

LEAVE_NS = 600 * SECOND_NS
"""A page that a person asked for with the button stays for ten minutes after they last used it."""

NO_RADIO_NS = 60 * SECOND_NS
"""Where the unit's own Wi-Fi cannot be opened, when that is tried again."""


class State(StrEnum):
    """How far it is."""

    HELD = "held"
    """The button is down since the start."""
    SEARCHING = "searching"
    """A network is waited for."""
    OPENING = "opening"
    """The unit's own Wi-Fi is being opened."""
    OPEN = "open"
    """It is, and its page."""
    JOINING = "joining"
    """A network that was named is being joined."""
    FORGETTING = "forgetting"
    """All is forgotten but the label."""
    DONE = "done"
    """There is a network: the unit's program may start."""


class Event(StrEnum):
    """What can happen."""

    LET_GO = "let_go"
    """The button came up before it meant anything, or never will."""
    WANTS_PAGE = "wants_page"
    WANTS_NEW = "wants_new"
    ONLINE = "online"
    NO_NETWORK = "no_network"
    OPENED = "opened"
    NO_RADIO = "no_radio"
    NAMED = "named"
    """The page was told a network."""
    JOINED = "joined"
    REFUSED = "refused"
    FINISHED = "finished"
    """The page was told to go on with the network that there is."""
    NOBODY = "nobody"
    """The page is not used."""
    FORGOTTEN = "forgotten"


class Action(StrEnum):
    """What follows."""

    OPEN = "open"
    """Look which networks are there, then open the unit's own."""
    CLOSE = "close"
    JOIN = "join"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the table."""

    state: State
    actions: tuple[Action, ...] = ()


_S, _E, _A = State, Event, Action

TABLE: Mapping[tuple[State, Event], Step] = {
    (_S.HELD, _E.LET_GO): Step(_S.SEARCHING),
    (_S.HELD, _E.WANTS_PAGE): Step(_S.OPENING, (_A.OPEN,)),
    (_S.HELD, _E.WANTS_NEW): Step(_S.FORGETTING, (_A.FORGET,)),
    (_S.FORGETTING, _E.FORGOTTEN): Step(_S.SEARCHING),
    (_S.SEARCHING, _E.ONLINE): Step(_S.DONE),
    (_S.SEARCHING, _E.NO_NETWORK): Step(_S.OPENING, (_A.OPEN,)),
    (_S.OPENING, _E.OPENED): Step(_S.OPEN),
    (_S.OPENING, _E.NO_RADIO): Step(_S.SEARCHING),
    (_S.OPEN, _E.ONLINE): Step(_S.DONE, (_A.CLOSE,)),
    (_S.OPEN, _E.FINISHED): Step(_S.DONE, (_A.CLOSE,)),
    (_S.OPEN, _E.NAMED): Step(_S.JOINING, (_A.CLOSE, _A.JOIN)),
    (_S.OPEN, _E.NOBODY): Step(_S.SEARCHING, (_A.CLOSE,)),
    (_S.JOINING, _E.JOINED): Step(_S.DONE),
    (_S.JOINING, _E.REFUSED): Step(_S.OPENING, (_A.OPEN,)),
}
"""A pair that is not in the table changes nothing."""

Actions = tuple[Action, ...]


class Provisioning:
    """One start of one unit."""

    def __init__(self, now_ns: int, *, button_down: bool) -> None:
        """``button_down``: as the unit starts."""
        self._state = _S.HELD if button_down else _S.SEARCHING
        self._started_ns = now_ns
        self._since_ns = now_ns
        self._used_ns = now_ns
        self._wait_ns = NO_NETWORK_NS
        self._asked = False

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    @property
    def asked(self) -> bool:
        """A person asked for the page with the button."""
        return self._asked

    def stage(self, now_ns: int) -> HoldStage:
        """Of the button that is down since the start."""
        held = self._state is _S.HELD
        return stage_of(now_ns - self._started_ns) if held else HoldStage.NOTHING

    def released(self, now_ns: int) -> Actions:
        """The button came up."""
        stage = self.stage(now_ns)
        if stage in (HoldStage.HOTSPOT, HoldStage.WARNING):
            self._asked = True
            return self._handle(_E.WANTS_PAGE, now_ns)
        event = _E.WANTS_NEW if stage is HoldStage.FORGET else _E.LET_GO
        return self._handle(event, now_ns)

    def network(self, now_ns: int, *, online: bool) -> Actions:
        """Whether there is one; whoever asked for the page is not sent away for it."""
        if not online or (self._asked and self._state is _S.OPEN):
            return ()
        return self._handle(_E.ONLINE, now_ns)

    def opened(self, now_ns: int, *, there: bool) -> Actions:
        """The unit's own Wi-Fi is open; not ``there``: no radio does it."""
        if not there:
            self._asked, self._wait_ns = False, NO_RADIO_NS
        self._used_ns = now_ns
        return self._handle(_E.OPENED if there else _E.NO_RADIO, now_ns)

    def used(self, now_ns: int) -> None:
        """Somebody has asked for a page."""
        self._used_ns = now_ns

    def named(self, now_ns: int) -> Actions:
        """The page was told a network."""
        return self._handle(_E.NAMED, now_ns)

    def joined(self, now_ns: int, *, well: bool) -> Actions:
        """The network was joined, or not."""
        return self._handle(_E.JOINED if well else _E.REFUSED, now_ns)

    def finished(self, now_ns: int) -> Actions:
        """The page was told that the network that there is will do."""
        self._asked = False
        return self._handle(_E.FINISHED, now_ns)

    def forgotten(self, now_ns: int) -> Actions:
        """The unit is as new."""
        return self._handle(_E.FORGOTTEN, now_ns)

    def tick(self, now_ns: int) -> Actions:
        """What follows from time alone; ask a few times a second."""
        if self.stage(now_ns) is HoldStage.STUCK:
            return self._handle(_E.LET_GO, now_ns)
        if self._state is _S.SEARCHING and now_ns - self._since_ns >= self._wait_ns:
            return self._handle(_E.NO_NETWORK, now_ns)
        patience_ns = LEAVE_NS if self._asked else NOBODY_NS
        if self._state is _S.OPEN and now_ns - self._used_ns >= patience_ns:
            self._asked, self._wait_ns = False, LOOK_AGAIN_NS
            return self._handle(_E.NOBODY, now_ns)
        return ()

    def _handle(self, event: Event, now_ns: int) -> Actions:
        step = TABLE.get((self._state, event))
        if step is None:
            return ()
        self._state = step.state
        self._since_ns = now_ns
        return step.actions
