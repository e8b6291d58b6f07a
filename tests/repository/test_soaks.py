"""Every long run has its length, and is named where people look for it."""

import importlib.util
from pathlib import Path

import pytest

from fakes.tls_check import PROTOCOLS, SPOKEN, report_of

ROOT = Path(__file__).parents[2]


def test_every_soak_has_its_minutes_and_a_line_in_the_help() -> None:
    spec = importlib.util.spec_from_file_location("soak", ROOT / "tests/bench/soak.py")
    assert spec is not None and spec.loader is not None
    soak = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(soak)
    assert set(soak.MINUTES) == set(soak.SOAKS)
    told = (ROOT / "scripts/soak").read_text()
    assert [name for name in soak.SOAKS if f"scripts/soak {name} " not in told] == []


def told(**others: str) -> list[dict[str, str]]:
    """What testssl.sh writes of a good server, and what else it shall have found."""
    spoken = {name: "offered" if name in SPOKEN else "not offered" for name in PROTOCOLS}
    found = {**spoken, "cipher_x1301": "TLS_AES_128_GCM_SHA256", **others}
    return [
        {"id": name, "severity": text.partition(":")[0] if ":" in text else "OK", "finding": text}
        for name, text in found.items()
    ]


def test_a_good_server_has_no_fault_and_a_certificate_of_its_own_is_none() -> None:
    assert report_of(told(cert_chain_of_trust="CRITICAL: failed (self signed)")).faults == []


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ({"TLS1_1": "offered (deprecated)"}, "spoken: TLS1_1 TLS1_2 TLS1_3"),
        ({"TLS1_3": "not offered"}, "spoken: TLS1_2"),
        ({"cipher_xc009": "ECDHE-ECDSA-AES128-SHA"}, "a weak cipher suite: ECDHE-ECDSA-AES128-SHA"),
        ({"cipher_x9c": "AES128-GCM-SHA256"}, "a weak cipher suite: AES128-GCM-SHA256"),
        ({"heartbleed": "CRITICAL: vulnerable"}, "CRITICAL heartbleed: CRITICAL: vulnerable"),
    ],
)
def test_a_weak_server_is_told_from_it(found: dict[str, str], fault: str) -> None:
    assert report_of(told(**found)).faults == [fault]


def test_a_server_that_was_not_reached_is_no_good_one() -> None:
    assert len(report_of([]).faults) == 3
