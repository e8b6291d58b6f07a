"""``parvis bench impairment``: how late a unit's frames come over a bad network."""

import asyncio
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parvis_server.errors import UsageError, without_group

if TYPE_CHECKING:
    from parvis_server.bench.impairment.patterns import Profile

EXAMPLES = """Examples:

  parvis bench impairment                      round trip 40 ms, 1 % lost, 40 s

  parvis bench impairment --profile wifi_freezes --seconds 60 --json

  parvis bench impairment --rtt 25 --loss 2 --jitter 5 --rate-kbit 500

  parvis bench impairment --proxy              where namespaces are not allowed
"""

DEFAULT_PROFILE = "rtt40_loss1"
COLUMNS = (">20 ms", ">40 ms", "p50", "p99", "p99.9", "max", "dropped")


ProfileName = Annotated[
    str | None,
    typer.Option(
        help="clean, rtt40_loss1 (unless set), rtt10_loss1, rtt40_loss3, wifi_freezes, "
        "long_freezes, bad_wifi or capped; the options below change its properties, or make a link "
        "of their own."
    ),
]
Rtt = Annotated[float | None, typer.Option(help="Round trip, in ms.")]
Loss = Annotated[float | None, typer.Option(help="Packets lost on each path, in percent.")]
Jitter = Annotated[float | None, typer.Option(help="Mean of an exponential delay, in ms.")]
FreezeEvery = Annotated[float | None, typer.Option(help="Mean time between freezes, in s.")]
FreezeMs = Annotated[
    str | None, typer.Option(help="How long a freeze lasts, in ms: one number, or 40-150.")
]
RateKbit = Annotated[float | None, typer.Option(help="Bandwidth of each path, in kbit/s.")]
Seconds = Annotated[int, typer.Option(min=1, max=3600, help="How long to measure, after 1 s.")]
Connections = Annotated[
    int, typer.Option(min=1, max=2, help="2 shows one beside two; 1 sends over one alone.")
]
Streams = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=32,
        help="So many units at once, their figures taken together. Unless set: 8, for the sake of "
        "small shares; 1 where a bandwidth is shared.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed meets the same faults.")]
Tun = Annotated[
    bool | None,
    typer.Option(
        "--tun/--proxy",
        help="Real kernel TCP between two network namespaces (needs root), or a proxy that models "
        "losses as stalls. Unless set: the first where it is allowed.",
        show_default=False,
    ),
]
Congestion = Annotated[
    str | None,
    typer.Option(help="TCP's congestion control, with --tun: cubic is a Raspberry Pi's."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]


def impairment(
    profile: ProfileName = None,
    rtt: Rtt = None,
    loss: Loss = None,
    jitter: Jitter = None,
    freeze_every: FreezeEvery = None,
    freeze_ms: FreezeMs = None,
    rate_kbit: RateKbit = None,
    seconds: Seconds = 40,
    connections: Connections = 2,
    streams: Streams = None,
    seed: Seed = 1,
    tun: Tun = None,
    congestion: Congestion = None,
    as_json: AsJson = False,
) -> None:
    """A unit's frames across a bad network, over one connection and over two that both carry all.

    Relative to the quickest twentieth of the frames; the same seed meets the same faults.
    """
    changes = {
        "rtt_ms": rtt,
        "loss": None if loss is None else loss / 100,
        "jitter_ms": jitter,
        "freeze_every_s": freeze_every,
        "freeze_ms": None if freeze_ms is None else _span(freeze_ms),
        "rate_kbit": rate_kbit,
    }
    link_profile = _profile(profile, {name: to for name, to in changes.items() if to is not None})
    if streams is None:
        streams = 1 if link_profile.rate_kbit else 8
    kind = {None: "auto", True: "tun", False: "proxy"}[tun]
    try:
        found = asyncio.run(
            _measure(link_profile, seed, kind, congestion, seconds, connections, streams)
        )
    except ExceptionGroup as faults:
        raise without_group(faults) from None
    typer.echo(_told(link_profile, found))
    if as_json:
        typer.echo(json.dumps(found))


def _profile(name: str | None, changes: dict[str, Any]) -> "Profile":
    """A named profile with changes; changes alone make a link of their own."""
    from parvis_server.bench.impairment.patterns import PROFILES, Profile

    if name is not None and name not in PROFILES:
        raise UsageError(f"no profile is called {name!r}: {', '.join(PROFILES)}")
    base = Profile() if name is None and changes else PROFILES[name or DEFAULT_PROFILE]
    return replace(base, **changes)


def _span(words: str) -> tuple[float, float]:
    """``150`` or ``40-150``."""
    first, _, last = words.partition("-")
    try:
        return float(first), float(last or first)
    except ValueError:
        raise UsageError(
            f"--freeze-ms is a number or two, as 150 or 40-150, not {words!r}"
        ) from None


async def _measure(
    profile: "Profile",
    seed: int,
    kind: Any,
    congestion: str | None,
    seconds: int,
    connections: int,
    streams: int,
) -> dict[str, Any]:
    from parvis_server.bench.impairment.link import impaired_link
    from parvis_server.bench.impairment.measure import measure_frames

    async with impaired_link(profile, seed, kind, congestion) as link:
        if link.note:
            typer.echo(f"parvis: {link.note}", err=True)
        about = {"link": link.kind, "congestion": link.congestion, "seed": seed}
        about |= {"profile": asdict(profile), "streams": streams, "seconds": seconds}
        return about | await measure_frames(link, seconds, connections, streams)


def _told(profile: "Profile", found: dict[str, Any]) -> str:
    """The figures for people."""
    ways = {"tun": f"kernel TCP ({found['congestion']})", "proxy": "proxy, losses as stalls"}
    lines = [
        f"{profile}; {ways[found['link']]}; seed {found['seed']}, {found['frames']} frames",
        f"{'':<18}" + "".join(f"{column:>12}" for column in COLUMNS),
    ]
    for name in ("one_connection", "two_connections"):
        if name in found:
            row = found[name]
            shares = [f"{row[f'late_{bound}_percent']:.3f} %" for bound in (20, 40)]
            delays = [_milliseconds(row[f"{place}_ms"]) for place in ("p50", "p99", "p99_9", "max")]
            cells = (*shares, *delays, str(row["dropped"]))
            lines.append(f"{name.replace('_', ' '):<18}" + "".join(f"{cell:>12}" for cell in cells))
    if found["link"] == "tun":
        late = sum(path["late"] for path in found["paths"].values())
        worst_ms = max(path["worst_late_ms"] for path in found["paths"].values())
        lines.append(f"this machine held up {late} packets over 5 ms, at most {worst_ms} ms")
    return "\n".join(lines)


def _milliseconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f} ms"
