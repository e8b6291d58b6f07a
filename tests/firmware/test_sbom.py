"""The list of what is in an image."""

import json
from pathlib import Path

import pytest

from parvis_firmware import __main__
from parvis_firmware.sbom import Component, bill, debian_packages

STATUS = """Package: libopus0
Status: install ok installed
Architecture: arm64
Version: 1.5.2-2
Description: codec
 Status: is told here, too

Package: nano
Status: deinstall ok config-files
Architecture: arm64
Version: 8.4-1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026a-0+deb13u1
"""


def test_what_is_installed_is_listed_and_what_was_is_not() -> None:
    assert [one.purl for one in debian_packages(STATUS)] == [
        "pkg:deb/debian/libopus0@1.5.2-2?arch=arm64",
        "pkg:deb/debian/tzdata@2026a-0%2Bdeb13u1?arch=all",
    ]


def test_the_same_image_gives_the_same_list() -> None:
    one, other = Component("deb", "b", "1", "all"), Component("pypi", "a", "2")
    assert bill("A", [one, other, one]) == bill("A", [other, one])


def test_an_image_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "sbom.json"
    assert __main__.main(["sbom", str(tmp_path), "--out", str(out)]) == 2
    assert "is no root folder of a Debian" in capsys.readouterr().err
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    packages = tmp_path / "opt/parvis/versions/0.1.0/lib/python3.13/site-packages"
    (packages / "numpy-2.5.5.dist-info").mkdir(parents=True)
    metadata = "Metadata-Version: 2.4\nName: NumPy\nVersion: 2.5.5\n\nVersion: of the text\n"
    (packages / "numpy-2.5.5.dist-info/METADATA").write_text(metadata)
    assert __main__.main(["sbom", str(tmp_path), "--out", str(out), "--title", "Parvis hub"]) == 0
    listed = json.loads(out.read_text())
    assert listed["metadata"]["component"] == {"type": "firmware", "name": "Parvis hub"}
    assert [one["purl"] for one in listed["components"]][-1] == "pkg:pypi/numpy@2.5.5"
    assert capsys.readouterr().out.strip().endswith("3 packages")
