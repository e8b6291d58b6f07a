"""The audience: counted, named when they want to be, and heard to clap."""

from parvis_server.room.audience import PAGE, REACTIONS_PER_PULSE, Audience
from parvis_wire.audience import Avatar, Here, Pulse, Reaction


def pulse(audience: Audience, listeners: int = 3, *, shows_counts: bool = True) -> Pulse | None:
    return audience.pulse(listeners, shows_counts=shows_counts, yes=None)


def test_a_pulse_comes_only_when_something_changed() -> None:
    audience = Audience()
    assert pulse(audience) == Pulse(listeners=3, in_hall=0)
    assert pulse(audience) is None
    audience.is_here("ada", Here(in_hall=True))
    assert pulse(audience) == Pulse(listeners=3, in_hall=1)
    audience.gone("ada")
    assert pulse(audience, 2) == Pulse(listeners=2, in_hall=0)


def test_reactions_are_summed_once_and_then_gone() -> None:
    audience = Audience()
    pulse(audience)
    for who in ("ada", "ben"):
        audience.react(who, Reaction.CLAP)
    audience.react("ada", Reaction.HEART)
    told = pulse(audience)
    assert told is not None
    assert told.reactions == {Reaction.CLAP: 2, Reaction.HEART: 1}
    assert pulse(audience) is None


def test_one_person_is_no_applause() -> None:
    audience = Audience()
    for _ in range(100):
        audience.react("ada", Reaction.CLAP)
    told = pulse(audience)
    assert told is not None
    assert told.reactions == {Reaction.CLAP: REACTIONS_PER_PULSE}


def test_hidden_counts_are_told_to_nobody() -> None:
    audience = Audience()
    audience.is_here("ada", Here(in_hall=True))
    told = pulse(audience, shows_counts=False)
    assert told is not None
    assert (told.listeners, told.in_hall) == (None, None)


def test_the_named_are_listed_the_invited_first_and_the_rest_is_counted() -> None:
    audience = Audience()
    for number in range(PAGE + 20):
        audience.is_here(f"p{number}", Here(name=f"Person {number}", avatar=Avatar.FOX))
    audience.is_here("silent", Here())
    audience.came("guest", invited=True)
    audience.is_here("guest", Here(name="Guest"))
    listed = audience.named(["silent", *(f"p{n}" for n in range(PAGE + 20)), "guest", "unknown"])
    assert len(listed) == PAGE
    assert [one.participant for one in listed[:3]] == ["guest", "p0", "p1"]
    assert listed[0].invited and not listed[1].invited
