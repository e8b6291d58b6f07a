"""Two hubs on one site: one serves."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.edges.standing import AWAY_NS, LISTEN_NS, Standing, State

S = 1_000_000_000


def test_a_hub_listens_before_it_serves() -> None:
    """Alone on the site, it serves soon; alone on the bus, at once."""
    standing = Standing("a")
    standing.look(10 * S)
    assert standing.state is State.LISTENING  # without a bus there is nobody to hear
    standing.connected(10 * S)
    standing.look(10 * S + LISTEN_NS - 1)
    assert not standing.serves
    standing.look(10 * S + LISTEN_NS)
    assert standing.serves
    assert Standing("a", is_alone=True).serves


def test_the_second_gives_way_and_takes_over() -> None:
    """Whatever their names: the first is there."""
    second = Standing("a")
    second.connected(0)
    second.heard("b", S)
    second.look(2 * S)
    assert second.state is State.YIELDING
    second.heard("b", 2 * S)
    second.look(2 * S + AWAY_NS - 1)
    assert second.state is State.YIELDING
    second.look(2 * S + AWAY_NS)
    assert second.serves


def test_a_hub_does_not_give_way_to_itself() -> None:
    """Its own beat may come back."""
    standing = Standing("a", is_alone=True)
    standing.heard("a", S)
    standing.heard("b", S)
    assert standing.serves


@given(st.text("abc", min_size=1, max_size=3), st.text("abc", min_size=1, max_size=3))
def test_of_two_that_find_each_other_serving_one_goes_on(one: str, other: str) -> None:
    """After a cut network healed."""
    if one == other:
        return
    hubs = [Standing(one), Standing(other)]
    for hub in hubs:
        hub.connected(0)
        hub.look(LISTEN_NS)
    for at in range(1, 10):
        now_ns = LISTEN_NS + at * S
        beating = [hub for hub in hubs if hub.serves]
        for hub in hubs:
            for beats in beating:
                if beats is not hub:
                    hub.heard(beats.hub, now_ns)
            hub.look(now_ns)
        if at > 1:
            assert sum(hub.serves for hub in hubs) == 1
