"""Recorded speech after both generations of Opus; PESQ is measured by `scripts/bench codec`."""

from __future__ import annotations

import pytest

from fakes.codec_chain import LEAST_STOI, tandem_stoi


@pytest.mark.parametrize("unit_frame_samples", [480, 240])
def test_two_generations_leave_speech_as_intelligible_as_it_was(unit_frame_samples: int) -> None:
    assert tandem_stoi(unit_frame_samples) >= LEAST_STOI
