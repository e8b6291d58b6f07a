"""A recording on the pages: told before anything is heard, asked before one speaks, run by a host.

At 320 px, in both languages, by thumb and by keyboard; axe-core finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from fakes.audience_rooms import LONG_NAME, NOW_UTC_MS, hand, mine, room
from fakes.console_room import QUIET, STATUS
from fakes.gathering import WRITE_NOTICE
from fakes.page import Page, page
from fakes.room_hub import ME, RoomHub, room_hub
from fakes.stage_hub import StageHub, stage_hub
from parvis_wire.commands import RaiseHand
from parvis_wire.floor import TurnState
from parvis_wire.messages import RefusalCode
from parvis_wire.recording import (
    AnswerRecording,
    Consent,
    Recording,
    RecordingTerms,
    SetRecordingTerms,
    StartRecording,
    StopRecording,
    Unattended,
    WithdrawVoice,
)

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 640)
LONGEST = RecordingTerms(
    retention_days=365,
    unrecorded_may_speak=False,
    purpose_fr=("pour que les absents réécoutent la soirée, " * 7)[:280].strip(" ,"),
    purpose_en=("so that those who were away can listen again, " * 7)[:280].strip(" ,"),
    contact=("parole.et.memoire@association-du-parvis.example.org, " * 6)[:280].strip(" ,"),
)
RECORDED_CHOICES = ".questions input[name=recorded]"


def recording(terms: RecordingTerms | None = None, *sources: int) -> Recording:
    terms, notice = WRITE_NOTICE(terms or RecordingTerms(), "Soirée")
    return Recording(
        recording="20261123T190000Z-1", begun_at=0, begun_utc_ms=NOW_UTC_MS, terms=terms,
        notice=notice, sources=sources,
    )  # fmt: skip


@pytest.fixture
def hub() -> Iterator[RoomHub]:
    with room_hub(NOW_UTC_MS) as hub:
        yield hub


def inspect(tab: Page, state: str) -> None:
    assert tab.hurdles() == [], state
    assert tab.faults() == [], state
    assert tab.width_beyond_screen() <= 0, state


def answers(hub: RoomHub) -> list[tuple[bool, bool]]:
    given = [one for one in hub.received if isinstance(one, AnswerRecording)]
    return [(one.recorded, one.published) for one in given]


EDITED = recording(RecordingTerms(retention_days=365))


def answer(tab: Page, *, published: bool) -> None:
    """Yes to the first question, and to the second or not; by keyboard."""
    tab.type(RECORDED_CHOICES, Keys.SPACE)
    tab.type(
        ".questions input[name=published]", Keys.SPACE + ("" if published else Keys.ARROW_DOWN)
    )
    tab.type(".questions .primary", Keys.ENTER)


def is_shown_above(tab: Page, one: str, other: str) -> bool:
    """Whether the first stands above the second."""
    above: bool = tab.browser.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
        " <= document.querySelector(arguments[1]).getBoundingClientRect().top + 1",
        *(one, other),
    )
    return above


def test_a_listener_is_told_before_they_hear_and_asked_before_they_speak(
    hub: RoomHub, tmp_path: Path
) -> None:
    with page(tmp_path) as phone:
        phone.show(*SMALLEST)
        hub.show(room(recording=recording()))
        phone.open(hub.room_address)
        phone.wait_for_words(".recorded", "kept for 30 days")
        assert is_shown_above(phone, ".recorded", ".door"), "before the door"
        phone.wait_for_words("[role=status]", "This room is being recorded")
        inspect(phone, "the sentence")

        phone.tap(".foot .primary")
        phone.type("#name", "Zoé\ue007")
        phone.wait("document.activeElement.id === 'questions'", "the questions have the focus")
        assert [one for one in hub.received if isinstance(one, RaiseHand)] == []
        assert (
            phone.browser.execute_script(
                f"return document.querySelectorAll('{RECORDED_CHOICES}:checked').length"
            )
            == 0
        ), "nothing is chosen beforehand"
        inspect(phone, "the questions")
        phone.tap(".questions .primary")
        phone.wait_for_words(".questions [role=alert]", "both questions")

        # By keyboard alone: to the first question, yes; to the second, no; and off.
        answer(phone, published=False)
        phone.wait_until(lambda: answers(hub) == [(True, False)], "the answer")
        phone.wait_until(
            lambda: any(isinstance(one, RaiseHand) for one in hub.received), "the hand after it"
        )
        kinds = [type(one) for one in hub.received if isinstance(one, (RaiseHand, AnswerRecording))]
        assert kinds == [AnswerRecording, RaiseHand]
        phone.wait_for_words(".recorded-answer", "no to being published")


def test_who_waits_when_the_text_is_edited_is_asked_again(hub: RoomHub, tmp_path: Path) -> None:
    with page(tmp_path) as phone:
        phone.show(*SMALLEST)
        up = hand(ME, "Zoé", speaks=True)
        hub.show(room(recording=recording(), line=(up,)))
        phone.open(hub.room_address)
        answer(phone, published=True)
        phone.wait_until(lambda: answers(hub) == [(True, True)], "the first answer")
        phone.wait("document.querySelector('.questions') === null", "answered")

        hub.show(room(recording=EDITED, line=(up,)))
        phone.wait("document.querySelector('main .questions') !== null", "asked again")
        phone.wait_for_words("[role=alert]", "two questions to answer")
        inspect(phone, "asked again")
        phone.type(RECORDED_CHOICES, Keys.SPACE + Keys.ARROW_DOWN)
        phone.wait("document.querySelector('input[name=published]') === null", "a no is a no")
        phone.tap(".questions .primary")
        phone.wait_until(lambda: answers(hub)[-1:] == [(False, False)], "the no")
        phone.wait("document.querySelector('.questions') === null", "answered")


def test_who_speaks_sees_whether_they_are_recorded_changes_their_mind_and_goes(
    hub: RoomHub, tmp_path: Path
) -> None:
    with page(tmp_path) as phone:
        phone.show(*SMALLEST)
        live = mine(TurnState.LIVE, ssrc=7, unit="u1", unit_name="Table 1")
        hub.show(room(recording=EDITED, floor=(live,)))
        phone.open(hub.room_address)
        phone.type(RECORDED_CHOICES, Keys.SPACE + Keys.ARROW_DOWN)
        phone.tap(".questions .primary")
        phone.wait_for_words(".recorded-own", "is not being recorded")
        phone.tap(".recorded-answer button")
        answer(phone, published=True)
        phone.wait_until(lambda: answers(hub)[-1:] == [(True, True)], "the change")
        inside = EDITED.model_copy(update={"sources": (7,)})
        hub.show(room(recording=inside, floor=(live,)))
        phone.wait_for_words(".recorded-own", "Your voice is being recorded")
        inspect(phone, "in the recording")

        hub.show(room())
        phone.wait("document.querySelector('.recorded') === null", "the end")
        phone.wait_for_words("[role=status]", "The recording has ended")

        # And afterwards they want to be in it no more.
        phone.wait_for_words("main > button", "Take my voice out")
        phone.tap("main > button")
        phone.wait_for_words("main fieldset", "for good")
        inspect(phone, "taking one's voice out")
        phone.tap("main fieldset .big")
        phone.wait_until(
            lambda: (
                [one.recording for one in hub.received if isinstance(one, WithdrawVoice)]
                == [EDITED.recording]
            ),
            "the withdrawal",
        )
        phone.wait_for_words("[role=status]", "is being taken out")


def test_in_french_with_the_longest_words_and_a_host_who_lets_nobody_speak_unrecorded(
    hub: RoomHub, tmp_path: Path
) -> None:
    with page(tmp_path, "fr") as phone:
        phone.show(*SMALLEST, dark=True)
        hub.show(room(recording=recording(LONGEST)))
        phone.open(hub.room_address)
        phone.wait_for_words(".recorded", "365 jours")
        inspect(phone, "the longest sentence")
        phone.tap(".foot .primary")
        phone.type("#name", LONG_NAME + Keys.ENTER)
        phone.wait_for_words(".questions", "demander par écrit.")
        inspect(phone, "the longest questions")
        hub.refusal = RefusalCode.NOT_RECORDED
        phone.type(RECORDED_CHOICES, Keys.SPACE + Keys.ARROW_DOWN)
        phone.tap(".questions .primary")
        phone.wait_for_words(".refused", "seuls parlent ceux qui acceptent")
        inspect(phone, "refused")

        # A question in writing asks nothing.
        hub.refusal = None
        phone.tap(".also .quiet")
        phone.type("#line-text", "Qui paie ?")
        phone.tap(".write .primary")
        phone.wait_until(
            lambda: any(isinstance(one, RaiseHand) and one.written for one in hub.received),
            "the question",
        )
        assert phone.browser.execute_script("return document.cookie") == ""


def test_the_halls_screen_says_it(hub: RoomHub, tmp_path: Path) -> None:
    with page(tmp_path) as screen:
        hub.show(room(recording=recording()))
        screen.open(hub.address)
        screen.wait_for_words(".head .rec", "Being recorded")
        assert screen.faults() == []


@pytest.fixture
def stage() -> Iterator[StageHub]:
    with stage_hub() as stage:
        stage.tell(STATUS.model_copy(update={"can_record": True}))
        stage.show(QUIET)
        yield stage


def test_a_host_starts_changes_and_stops_it(stage: StageHub, tmp_path: Path) -> None:
    with page(tmp_path) as host:
        host.show(*SMALLEST)
        host.open(stage.link)
        host.tap(".recording summary")
        host.tap(".recording form .primary")
        host.wait_for_words(".recording [role=alert]", "Say first")
        assert stage.sent(StartRecording) == [], "nobody is recorded by a slip"
        inspect(host, "the form")
        host.type(".recording input[name=unattended]", Keys.SPACE + Keys.ARROW_DOWN)
        host.type(".recording input[type=number]", Keys.CONTROL + "a" + Keys.NULL + "400")
        host.tap(".recording form .primary")
        host.wait_for_words(".recording [role=alert]", "Say first")
        host.type(".recording input[type=number]", Keys.CONTROL + "a" + Keys.NULL + "90")
        host.type(".recording label.field:last-of-type input", "pour les archives" + Keys.ENTER)
        host.wait_until(lambda: stage.sent(StartRecording), "the start")
        terms = stage.sent(StartRecording)[-1].terms
        assert (terms.retention_days, terms.unattended) == (90, Unattended.RECORDED)
        assert (terms.purpose_fr, terms.contact) == ("pour les archives", None)

        running = recording(terms, 7)
        consents = tuple(
            Consent(
                participant=f"p{number}", recorded=recorded, published=False, at=0,
                text_version=running.notice.version,
            )
            for number, recorded in enumerate((True, True, False))
        )  # fmt: skip
        stage.show(QUIET.model_copy(update={"recording": running, "consents": consents}))
        host.wait_for_words(".recording", "2 said yes, 0 of them to publishing, 1 said no.")
        host.wait_for_words(".recording", "kept for 90 days")
        host.wait_for_words(".room-state .rec", "Being recorded")
        inspect(host, "it runs")

        host.tap(".recording > .small:not(.danger)")
        host.type(
            ".recording input[type=number]", Keys.CONTROL + "a" + Keys.NULL + "7" + Keys.ENTER
        )
        host.wait_until(lambda: stage.sent(SetRecordingTerms), "other terms")
        assert stage.sent(SetRecordingTerms)[-1].terms.retention_days == 7
        host.tap(".recording > .danger")
        host.wait("document.activeElement.closest('.confirm') !== null", "asked first")
        assert stage.sent(StopRecording) == []
        host.tap(".confirm .danger")
        host.wait_until(lambda: stage.sent(StopRecording), "the stop")
        stage.show(QUIET)
        host.wait_for_words(".recording summary", "not recorded")


def test_a_hub_that_cannot_record_offers_nothing(stage: StageHub, tmp_path: Path) -> None:
    stage.tell(STATUS)
    with page(tmp_path) as host:
        host.open(stage.link)
        host.wait("document.querySelector('.unit') !== null", "the console")
        assert host.browser.execute_script("return document.querySelector('.recording')") is None
