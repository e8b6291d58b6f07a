"""The talk state's tables: sound is armed on one path only, and every way out disarms."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_device.talk import (
    ALWAYS_OPEN_TABLE,
    BUTTON_TABLE,
    EVENT_OF_STANDING,
    Action,
    Talk,
    TalkEvent,
    TalkState,
)
from parvis_wire.standing import (
    Standing,
)

S, E, A = TalkState, TalkEvent, Action
events = st.lists(st.sampled_from(TalkEvent), max_size=60)
TABLES = (BUTTON_TABLE, ALWAYS_OPEN_TABLE)


def talk(*happened: TalkEvent) -> tuple[TalkState, list[Action]]:
    """State and all actions after some events, with a button."""
    machine = Talk(BUTTON_TABLE)
    actions = [action for event in happened for action in machine.handle(event)]
    return machine.state, actions


def test_every_standing_is_an_event() -> None:
    assert set(EVENT_OF_STANDING) == set(Standing)


def test_a_whole_turn() -> None:
    state, actions = talk(
        E.SAID_IDLE,
        E.PRESS,
        E.SAID_NEXT,
        E.SAID_GRANTED,
        E.PRESS,
        E.SAID_LIVE,
        E.TAKE_ACKED,
        E.PRESS,
        E.SAID_IDLE,
    )
    assert state is S.IDLE
    assert actions == [A.RAISE_HAND, A.TAKE_FLOOR, A.ARM, A.DISARM, A.LEAVE_FLOOR]


def test_acknowledgement_and_view_in_either_order_arm_once() -> None:
    for order in ((E.TAKE_ACKED, E.SAID_LIVE), (E.SAID_LIVE, E.TAKE_ACKED)):
        state, actions = talk(E.SAID_GRANTED, E.PRESS, *order)
        assert state is S.LIVE
        assert actions == [A.TAKE_FLOOR, A.ARM]


def test_one_of_the_two_is_not_enough() -> None:
    assert A.ARM not in talk(E.SAID_GRANTED, E.PRESS, E.TAKE_ACKED)[1]
    assert A.ARM not in talk(E.SAID_GRANTED, E.PRESS, E.SAID_LIVE, E.SAID_LIVE)[1]


def test_a_second_press_before_the_microphone_opens_takes_the_first_back() -> None:
    state, actions = talk(E.SAID_GRANTED, E.PRESS, E.PRESS, E.TAKE_ACKED, E.SAID_LIVE)
    assert state is S.LEAVING
    assert actions == [A.TAKE_FLOOR, A.LEAVE_FLOOR]


def test_in_the_line_only_a_long_press_lowers_the_hand() -> None:
    for said in (E.SAID_QUEUED, E.SAID_NEXT):
        assert talk(said, E.PRESS)[1] == []
        assert talk(said, E.HOLD, E.SAID_IDLE) == (S.IDLE, [A.LOWER_HAND])


def test_a_shared_unit_adds_one_more_person() -> None:
    assert talk(E.SAID_QUEUED, E.ANOTHER) == (S.QUEUED, [A.RAISE_ANOTHER])
    assert talk(E.SAID_NEXT, E.ANOTHER, E.RAISE_REFUSED) == (
        S.NEXT,
        [A.RAISE_ANOTHER, A.FLASH_REFUSED],
    )


def test_lowering_one_of_two_hands_settles_with_the_answer() -> None:
    assert talk(E.SAID_QUEUED, E.HOLD, E.SAID_QUEUED)[0] is S.LOWERING
    assert talk(E.SAID_QUEUED, E.HOLD, E.STEP_BACK_ACKED, E.SAID_QUEUED)[0] is S.QUEUED


def test_held_until_the_grant_came_turns_it_down() -> None:
    assert talk(E.SAID_NEXT, E.SAID_GRANTED, E.HOLD) == (S.LOWERING, [A.LOWER_HAND])


def test_without_a_grant_where_the_mode_allows_it() -> None:
    state, actions = talk(E.SAID_IDLE, E.OPEN, E.SAID_IDLE, E.TAKE_ACKED, E.SAID_IDLE, E.SAID_LIVE)
    assert (state, actions) == (S.LIVE, [A.TAKE_FLOOR, A.ARM])
    assert talk(E.SAID_IDLE, E.OPEN, E.SAID_LIVE, E.TAKE_ACKED)[1] == [A.TAKE_FLOOR, A.ARM]


def test_no_place_free_leads_into_the_line() -> None:
    state, actions = talk(E.SAID_IDLE, E.OPEN, E.CAP_REACHED, E.SAID_NEXT)
    assert (state, actions) == (S.NEXT, [A.TAKE_FLOOR, A.RAISE_HAND])


def test_letting_go_ends_a_turn_and_takes_back_one_to_come() -> None:
    live = (E.SAID_IDLE, E.OPEN, E.TAKE_ACKED, E.SAID_LIVE)
    assert talk(*live, E.RELEASE)[1][-2:] == [A.DISARM, A.LEAVE_FLOOR]
    for happened in (live[:2], live[:3], (*live[:2], E.SAID_LIVE)):
        state, actions = talk(*happened, E.RELEASE)
        assert (state, actions) == (S.LEAVING, [A.TAKE_FLOOR, A.LEAVE_FLOOR])


def test_a_turn_that_the_hub_confirmed_survives_a_short_loss() -> None:
    for press in (E.OPEN, E.PRESS):
        said = E.SAID_IDLE if press is E.OPEN else E.SAID_GRANTED
        state, actions = talk(said, press, E.TAKE_ACKED, E.LINK_LOST, E.SAID_LIVE)
        assert (state, actions) == (S.LIVE, [A.TAKE_FLOOR, A.ARM])
        assert talk(said, press, E.TAKE_ACKED, E.LINK_LOST, E.SAID_IDLE)[0] is S.IDLE


def test_a_show_of_hands() -> None:
    state, actions = talk(E.SAID_IDLE, E.ANSWER, E.ANSWERED)
    assert (state, actions) == (S.IDLE, [A.ANSWER_ASK, A.FLASH_ANSWERED])


def test_a_view_older_than_the_hand_does_not_undo_it() -> None:
    assert talk(E.SAID_IDLE, E.PRESS, E.SAID_IDLE, E.SAID_INVITED)[0] is S.RAISING


def test_refusals_flash_and_settle() -> None:
    assert talk(E.SAID_IDLE, E.PRESS, E.RAISE_REFUSED) == (
        S.IDLE,
        [A.RAISE_HAND, A.FLASH_REFUSED],
    )
    assert talk(E.SAID_GRANTED, E.PRESS, E.TAKE_REFUSED)[1][-1] is A.FLASH_REFUSED
    assert talk(E.SAID_QUEUED, E.HOLD, E.STEP_BACK_REFUSED) == (S.IDLE, [A.LOWER_HAND])


def test_a_short_loss_keeps_the_turn_and_a_long_one_ends_it() -> None:
    live = (E.SAID_GRANTED, E.PRESS, E.TAKE_ACKED, E.SAID_LIVE, E.LINK_LOST)
    assert talk(*live)[1][-1] is A.DISARM
    assert talk(*live, E.SAID_LIVE) == (
        S.LIVE,
        [A.TAKE_FLOOR, A.ARM, A.DISARM, A.ARM],
    )
    state, actions = talk(*live, E.EXPIRED, E.SAID_LIVE)
    assert (state, actions[-1]) == (S.LEAVING, A.GIVE_BACK), "the first place is theirs"
    assert talk(E.SAID_LIVE) == (S.LEAVING, [A.GIVE_BACK]), "the unit was away, not its person"


def test_who_stepped_down_before_a_long_loss_has_stepped_down() -> None:
    live = (E.SAID_GRANTED, E.PRESS, E.TAKE_ACKED, E.SAID_LIVE)
    for happened in ((E.PRESS, E.LINK_LOST), (E.LINK_LOST, E.PRESS), (E.LINK_LOST, E.RELEASE)):
        state, actions = talk(*live, *happened, E.EXPIRED, E.SAID_LIVE)
        assert (state, actions[-1]) == (S.LEAVING, A.LEAVE_FLOOR)


def test_a_press_while_the_hub_is_away_ends_the_turn_when_it_is_back() -> None:
    state, actions = talk(
        E.SAID_GRANTED, E.PRESS, E.TAKE_ACKED, E.SAID_LIVE, E.LINK_LOST, E.PRESS, E.SAID_LIVE
    )
    assert state is S.LEAVING
    assert actions[-1] is A.LEAVE_FLOOR


def test_a_hub_that_says_live_without_a_press_is_told_to_end_it() -> None:
    for said in (E.SAID_IDLE, E.SAID_QUEUED, E.SAID_NEXT, E.SAID_GRANTED, E.SAID_INVITED):
        assert talk(said, E.SAID_LIVE) == (S.LEAVING, [A.LEAVE_FLOOR])


def test_without_a_button_the_hub_opens_and_closes() -> None:
    machine = Talk(ALWAYS_OPEN_TABLE)
    happened = (E.SAID_IDLE, E.SAID_LIVE, E.PRESS, E.LINK_LOST, E.SAID_LIVE, E.SAID_INVITED)
    actions = [action for event in happened for action in machine.handle(event)]
    assert actions == [A.ARM, A.DISARM, A.ARM, A.DISARM]
    assert machine.state is S.IDLE


@given(events, st.sampled_from(TABLES))
def test_armed_exactly_in_live(happened: list[TalkEvent], table: object) -> None:
    machine = Talk(table)  # type: ignore[arg-type]
    armed = False
    for event in happened:
        for action in machine.handle(event):
            if action is A.ARM:
                assert not armed
                armed = True
            elif action is A.DISARM:
                assert armed
                armed = False
        assert armed == (machine.state is S.LIVE)


@given(events)
def test_arming_needs_a_press_an_answer_and_a_view(happened: list[TalkEvent]) -> None:
    machine = Talk(BUTTON_TABLE)
    seen: set[TalkEvent] = set()
    for event in happened:
        seen.add(event)
        if A.ARM in machine.handle(event):
            assert {E.TAKE_ACKED, E.SAID_LIVE} <= seen
            assert seen & {E.PRESS, E.OPEN}


@given(events)
def test_nothing_leaves_after_a_press_in_live_or_a_loss(happened: list[TalkEvent]) -> None:
    machine = Talk(BUTTON_TABLE)
    for event in happened:
        machine.handle(event)
    if machine.state is S.LIVE:
        for stop in (E.PRESS, E.RELEASE, E.LINK_LOST):
            other = Talk(BUTTON_TABLE)
            for event in happened:
                other.handle(event)
            assert other.handle(stop)[0] is A.DISARM


def test_every_state_finds_back_to_idle_when_the_hub_says_so() -> None:
    """No state is a dead end: a loss, a long wait and an empty room lead to idle."""
    for state in TalkState:
        machine = Talk(BUTTON_TABLE, state)
        for event in (E.LINK_LOST, E.EXPIRED, E.SAID_IDLE):
            machine.handle(event)
        assert machine.state is S.IDLE, state
