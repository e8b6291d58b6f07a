"""Bundles as bytes: what is signed, what is read before anybody vouches for it, what is refused."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from parvis_wire import bundle
from parvis_wire.bundle import BadBundle, BundleFault, Manifest, number
from parvis_wire.identity import public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))

WHEEL = {"path": "wheels/parvis-1.2.0-py3-none-any.whl", "size_bytes": 3, "sha256": "0f" * 32}


def written(**changes: Any) -> bytes:
    about = {
        "version": "1.2.0",
        "floor": "1.0.0",
        "machine": "aarch64",
        "python": "cpython-313",
        "built": "2026-11-01",
        "support_until": "2028-11-01",
        "unpacked_bytes": 10,
        "files": [WHEEL],
    }
    return json.dumps({**about, **changes}).encode()


def test_a_manifest_is_read() -> None:
    manifest = bundle.read_manifest(written())
    assert manifest.support_until == datetime.date(2028, 11, 1)
    assert manifest.files_bytes == 3
    assert str(manifest) == "1.2.0 for aarch64-cpython-313"


@pytest.mark.parametrize(
    "path",
    [
        "../etc/passwd",
        "/etc/passwd",
        "overlay/../etc/passwd",
        "overlay/etc/../../x",
        "overlay/./x",
        "overlay//x",
        "overlay/",
        "overlay",
        "wheels/../x.whl",
        "wheels/a/b.whl",
        "wheels/.whl",
        "wheels/x.zip",
        "else/x",
        "overlay/etc",
        "overlay/usr/bin/x",
        "overlay/a\nb",
        "overlay/" + "a/" * 40 + "b",
    ],
)
def test_a_file_stays_in_its_place(path: str) -> None:
    with pytest.raises(BadBundle, match=r"wheel nor a file of the overlay|files") as caught:
        bundle.read_manifest(written(files=[WHEEL, {**WHEEL, "path": path}]))
    assert caught.value.fault is BundleFault.UNREADABLE


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"floor": "1.2.1"}, "floor 1.2.1 lies above"),
        ({"support_until": "2026-10-31"}, "support ends before"),
        ({"files": [WHEEL, WHEEL]}, "named twice"),
        ({"files": []}, "files"),
        ({"files": [{**WHEEL, "path": "overlay/etc/x"}]}, "no wheel"),
        ({"version": "1.2"}, ""),
        ({"version": "1"}, "version"),
        ({"version": "1.2b1"}, "version"),
        ({"unpacked_bytes": 1 << 40}, "unpacked_bytes"),
        ({"machine": "../x"}, "machine"),
        ({"next_key": "short"}, "next_key"),
    ],
)
def test_a_manifest_that_cannot_be(changes: dict[str, Any], says: str) -> None:
    if not says:
        assert bundle.read_manifest(written(**changes)).version == changes["version"]
        return
    with pytest.raises(BadBundle, match=says):
        bundle.read_manifest(written(**changes))


def test_what_fits_where() -> None:
    manifest = bundle.read_manifest(written())
    assert manifest.fits("aarch64", "cpython-313")
    assert not manifest.fits("x86_64", "cpython-313")
    assert not manifest.fits("aarch64", "cpython-311")
    assert bundle.read_manifest(written(machine="any", python="any")).fits("armv7l", "x")


def test_a_head_is_read_back() -> None:
    text = written()
    signature = bundle.signed(text, KEY)
    first = bundle.head(text, signature)
    assert bundle.read_head(first[: bundle.HEAD_BYTES]) == (signature, len(text))
    assert first[bundle.HEAD_BYTES :] == text


def test_only_the_owner_of_the_key_signs() -> None:
    text = written()
    signature = bundle.signed(text, KEY)
    assert bundle.is_signed(text, signature, public_bytes(KEY))
    assert not bundle.is_signed(text, signature, public_bytes(OTHER))
    assert not bundle.is_signed(text + b" ", signature, public_bytes(KEY))
    assert not bundle.is_signed(text, bundle.UNSIGNED, public_bytes(KEY))
    assert not bundle.is_signed(text, signature, b"short")


@given(st.binary(max_size=200))
def test_a_head_is_refused_in_words(first: bytes) -> None:
    try:
        _, length = bundle.read_head(first)
    except BadBundle as bad:
        assert "\n" not in str(bad)
    else:
        assert 0 < length <= bundle.MAX_MANIFEST_BYTES
        assert len(first) >= bundle.HEAD_BYTES


@given(st.integers(0, bundle.HEAD_BYTES - 1))
def test_a_head_that_ends_too_soon(length: int) -> None:
    first = bundle.head(written())[:length]
    with pytest.raises(BadBundle) as caught:
        bundle.read_head(first)
    expected = BundleFault.CUT_OFF if length else BundleFault.UNREADABLE
    assert caught.value.fault is expected


@given(st.text(max_size=100) | st.binary(max_size=100).map(str))
def test_a_manifest_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadBundle) as caught:
        bundle.read_manifest(text.encode(errors="replace"))
    assert "\n" not in str(caught.value)


VERSIONS = st.lists(st.integers(0, 99999), min_size=2, max_size=4)


@given(VERSIONS, VERSIONS)
def test_versions_are_ordered_as_numbers(one: list[int], other: list[int]) -> None:
    texts = [".".join(map(str, parts)) for parts in (one, other)]
    longest = max(len(one), len(other))
    padded = [parts + [0] * (longest - len(parts)) for parts in (one, other)]
    assert (number(texts[0]) < number(texts[1])) == (padded[0] < padded[1])
    assert all(bundle.is_version(text) for text in texts)


def test_one_point_ten_is_above_one_point_nine() -> None:
    assert number("1.10") > number("1.9.5")
    assert number("1.2") == number("1.2.0.0")
    assert not bundle.is_version("1.2.0rc1")


def test_an_empty_manifest_is_none() -> None:
    first = bundle.MAGIC + bundle.UNSIGNED + bytes(4)
    with pytest.raises(BadBundle, match="a manifest of 0 bytes is none"):
        bundle.read_head(first)
    with pytest.raises(ValueError, match="64 bytes"):
        bundle.head(b"{}", b"short")
    assert Manifest.model_fields["files"].is_required()
