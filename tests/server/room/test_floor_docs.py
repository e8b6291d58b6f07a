"""The documentation of the floor is made from its tables."""

import pytest

from parvis_server.room import make_docs
from parvis_server.room.permissions import PERMITTED
from parvis_wire.floor import Overtaking


def test_the_document_is_fresh() -> None:
    assert make_docs.main(["--check"]) == 0


def test_every_act_and_rule_is_in_it() -> None:
    text = make_docs.render()
    for act in PERMITTED:
        assert f"`{act}`" in text
    for rule in Overtaking:
        assert f"| {rule.value} |" in text


def test_a_wrong_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_docs.main(["--force"]) == 2
    assert "usage" in capsys.readouterr().err
