"""What ``parvis hub`` prints once it listens: links and a QR code, or lines for programs."""

import io
import logging
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

import segno

log = logging.getLogger(__name__)

OPEN_HOUSE_WARNING = (
    "open house: anybody on this network may join as a unit and be put on air. "
    "For a network that you trust."
)
NO_NETWORK_WARNING = (
    "this machine has no network address: only programs on it can listen. "
    "Connect it, then start the hub again."
)

SETUP_HINT = (
    "The setup link makes you the operator of this hub: you pair units, see what is missing, and "
    "sign others in. It works once, for 15 minutes; parvis session link makes a new one."
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """The links of a hub that has just started."""

    title: str
    listener_link: str
    host_link: str
    open_house: bool
    has_network: bool
    setup_link: str | None = field(default=None, repr=False)
    """None: the hub has an operator."""
    operator_note: str | None = None
    """What the operator's browser will ask."""
    notes: tuple[str, ...] = ()
    """Of ports and certificates."""

    def print_to(self, stream: TextIO) -> None:
        """Print for a person on a terminal, else lines such as ``listen: URL``."""
        if stream.isatty():
            stream.write(self.for_terminal())
        else:
            stream.write(self.for_programs())
            for warning in self.warnings():
                log.warning("%s", warning)
        stream.flush()

    def warnings(self) -> list[str]:
        """What whoever started the hub should know."""
        return [
            *([OPEN_HOUSE_WARNING] if self.open_house else []),
            *([] if self.has_network else [NO_NETWORK_WARNING]),
            *self.notes,
        ]

    def for_programs(self) -> str:
        """One line for each link."""
        setup = "" if self.setup_link is None else f"setup: {self.setup_link}\n"
        return f"listen: {self.listener_link}\nhost: {self.host_link}\n{setup}"

    def for_terminal(self) -> str:
        """Title, QR code, links, and what the host should know."""
        lines = [
            "",
            f"  {self.title}",
            "",
            terminal_code(self.listener_link),
            "",
            f"  Listen  {self.listener_link}",
            f"  Host    {self.host_link}   (keep this one to yourself)",
            *self._setup_lines(),
            "",
            *(_wrapped(f"warning: {warning}") for warning in self.warnings()),
            "  Ctrl-C ends the evening.",
            "",
        ]
        return "\n".join(lines) + "\n"

    def _setup_lines(self) -> list[str]:
        if self.setup_link is None:
            return []
        notes = [SETUP_HINT] if self.operator_note is None else [SETUP_HINT, self.operator_note]
        return [f"  Setup   {self.setup_link}", *(f"\n{_wrapped(note)}" for note in notes)]


def room_announcement(title: str, links: Mapping[str, str | None]) -> str:
    """The links of a room that was just made, with a code to scan for the audience's."""
    lines = [
        "",
        f"  {title}",
        "",
        terminal_code(links["audience"] or ""),
        "",
        f"  Listen  {links['audience']}",
        f"  Code    {links['audience_code']}   (to type at the hub's address)",
        f"  Host    {links['host']}   (keep this one to yourself)",
        *([f"  Screen  {links['screen']}"] if links["screen"] else []),
    ]
    return "\n".join(lines) + "\n"


def terminal_code(link: str) -> str:
    """A code to scan, in letters."""
    code = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(code, border=2, compact=True)
    return code.getvalue().rstrip("\n")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="  ")
