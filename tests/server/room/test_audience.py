"""The audience: counted, named when they want to be, and heard to clap."""

from hypothesis import given
from hypothesis import strategies as st

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
    audience.is_here("host", Here(name="Host"))
    listed = audience.named(lambda who: who != "host")
    assert len(listed) == PAGE
    assert [one.participant for one in listed[:3]] == ["guest", "p0", "p1"]
    assert listed[0].invited and not listed[1].invited


HERE = st.builds(Here, name=st.sampled_from([None, "Ada", "Ben"]), in_hall=st.booleans())
DEED = st.one_of(
    st.tuples(st.just("here"), st.sampled_from("abc"), HERE),
    st.tuples(st.just("came"), st.sampled_from("abc"), st.booleans()),
    st.tuples(st.just("gone"), st.sampled_from("abc"), st.none()),
)


@given(st.lists(DEED, max_size=30))
def test_what_is_counted_as_people_come_and_go_is_what_there_is(
    deeds: list[tuple[str, str, Here | bool | None]],
) -> None:
    audience, here, invited = Audience(), {}, set()
    for deed, who, what in deeds:
        if isinstance(what, Here):
            audience.is_here(who, what)
            here[who] = what
        elif deed == "came":
            audience.came(who, invited=bool(what))
            invited |= {who} if what else set()
        else:
            audience.gone(who)
            here.pop(who, None)
            invited.discard(who)
    assert audience.in_hall_count == sum(one.in_hall for one in here.values())
    listed = audience.named(lambda who: who != "c")
    named = {who for who, one in here.items() if one.name is not None and who != "c"}
    assert {one.participant for one in listed} == named
    assert [one.invited for one in listed] == sorted((w in invited for w in named), reverse=True)
    assert all(one.name == here[one.participant].name for one in listed)
