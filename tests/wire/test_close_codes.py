"""Close codes: ours lie in the private range, and only passing faults invite a retry."""

from parvis_wire.close_codes import CloseCode


def test_codes_are_registered_or_private() -> None:
    assert all(code in (1001, 1009) or 4000 <= code < 5000 for code in CloseCode)


def test_a_refusal_is_not_retried() -> None:
    assert {code for code in CloseCode if code.retryable} == {
        CloseCode.GOING_AWAY,
        CloseCode.JOIN_TIMEOUT,
        CloseCode.SLOW,
        CloseCode.RATE,
    }
