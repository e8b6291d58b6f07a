"""``python -m parvis_firmware``: check, scan, sbom, wheels, cloud-init, image, virt, imager."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from parvis_firmware import cloud_init, image_scan, imager, sbom, stock_image, wheels
from parvis_firmware.checks import CHECKS, Missing, Sources, read_manifest
from parvis_firmware.emulation import tools
from parvis_firmware.emulation.cache import Cache, usual_folder
from parvis_firmware.emulation.image import image
from parvis_firmware.errors import CheckFailed, FirmwareError, UsageError
from parvis_firmware.manifest import RoleName
from parvis_firmware.places import OUT


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code. What a person can mend is one line."""
    asked = _parser().parse_args(arguments)
    try:
        match asked.command:
            case "check":
                check()
            case "scan":
                scan(asked.root)
            case "sbom":
                count = sbom.write(asked.root, asked.title, asked.out)
                print(f"{asked.out}: {count} packages")
            case "wheels":
                resolve_wheels()
            case "cloud-init":
                made = cloud_init.write(
                    read_manifest(), asked.role, asked.wheel, asked.out, asked.update_key
                )
                print("\n".join(map(str, made)))
            case "image":
                make_image(asked)
            case "virt":
                make_virt()
            case _:
                make_list(asked)
    except FirmwareError as error:
        print(f"firmware: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def check() -> None:
    """Compare all sources with one another.

    Raises:
        CheckFailed: they disagree; each disagreement has been told.
    """
    sources, found = Sources.read(), 0
    for one in CHECKS:
        try:
            differences = list(one.differences(sources))
        except Missing as tool:
            print(f"check {one.name}: LEFT OUT: {tool} is not installed here ({one.what})")
            continue
        found += len(differences)
        print(f"check {one.name}: {len(differences)} differences ({one.what})")
        for line in differences:
            print(f"firmware: {one.name}: {line}", file=sys.stderr)
    if found:
        raise CheckFailed(f"{found} differences between the sources, each in a line above")


def scan(root: Path) -> None:
    """Look through an image's root folder.

    Raises:
        UsageError: there is none.
        CheckFailed: it holds what no image may hold; each has been told.
    """
    if not (root / "etc").is_dir():
        raise UsageError(f"{root} is no root folder: there is no etc in it")
    findings = list(image_scan.scan(image_scan.entries(root)))
    for found in findings:
        print(f"firmware: {found}", file=sys.stderr)
    if findings:
        raise CheckFailed(f"{len(findings)} things that no image may hold, each in a line above")
    print(f"{root}: no password, no key, no token, no identity")


def resolve_wheels() -> None:
    """Ask pip for every role and Python; raises ``CheckFailed``."""
    for python, system in wheels.PYTHONS.items():
        for name, role in read_manifest().roles.items():
            began_ns = time.monotonic_ns()
            resolved = wheels.resolve(name, role.extras, python)
            took_s = (time.monotonic_ns() - began_ns) / 1e9
            what = f"{len(resolved.packages)} wheels, {took_s:.0f} s"
            print(f"{name}, Python {python} ({system}): {what}")
    for package, why in wheels.EXCEPTIONS.items():
        print(f"without a wheel: {package}, {why}")


def make_image(asked: argparse.Namespace) -> None:
    """Make a card's image out of a stock one; raises ``FirmwareError``."""
    out: Path = asked.out or OUT / f"parvis-{asked.role}.img"
    with tempfile.TemporaryDirectory() as card:
        cloud_init.write(read_manifest(), asked.role, asked.wheel, Path(card), asked.update_key)
        stock_image.make(asked.stock, Path(card), out)
    print(out)


def make_virt() -> None:
    """Make the image for emulation, or take it from the cache.

    Raises:
        ToolsMissing: it cannot be made here.
        CheckFailed: it could not be made, or holds what no image may hold.
    """
    tools.require()
    began_ns = time.monotonic_ns()
    made = image(Cache(usual_folder()), fresh=True)
    took_s = (time.monotonic_ns() - began_ns) / 1e9
    print(f"image: {made.disk}, {made.disk.stat().st_blocks * 512 >> 20} MB, {took_s:.0f} s")
    print(f"image: its packages: {made.sbom}")


def make_list(asked: argparse.Namespace) -> None:
    """Write the list for Imager; raises ``FirmwareError``."""
    given: dict[RoleName, Path | None] = {"unit": asked.unit, "hub": asked.hub}
    images = {role: imager.measure(path) for role, path in given.items() if path is not None}
    listed = imager.os_list(read_manifest().roles, images, asked.address, asked.released)
    imager.write(listed, asked.out)
    print(asked.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parvis_firmware", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="compare all sources with one another, in seconds")
    scanning = commands.add_parser("scan", help="look for passwords, keys and tokens in an image")
    scanning.add_argument("root", type=Path, help="the image's root folder")
    listing = commands.add_parser("sbom", help="list every package of an image (CycloneDX)")
    listing.add_argument("root", type=Path, help="the image's root folder")
    listing.add_argument("--title", default="Parvis unit", help="what the image is called")
    listing.add_argument("--out", type=Path, default=OUT / "sbom.json")
    commands.add_parser("wheels", help="ask pip whether a Raspberry Pi finds a wheel for all")
    card = commands.add_parser("cloud-init", help="what goes onto a stock card's boot partition")
    card.add_argument("role", choices=("unit", "hub"))
    card.add_argument("--wheel", type=Path, required=True, help="made by scripts/build")
    card.add_argument("--out", type=Path, default=OUT / "card", help="a folder, or the partition")
    key_help = "the maker's public key, whose updates the unit takes: parvis update key shows it"
    card.add_argument("--update-key", metavar="KEY", help=key_help)
    making = commands.add_parser("image", help="stock Raspberry Pi OS Lite with those files on it")
    making.add_argument("role", choices=("unit", "hub"))
    making.add_argument("--stock", type=Path, required=True, help=".img, .img.xz or .img.gz")
    making.add_argument("--wheel", type=Path, required=True, help="made by scripts/build")
    making.add_argument("--update-key", metavar="KEY", help=key_help)
    making.add_argument("--out", type=Path, help="unless given: parvis-ROLE.img in dist/firmware")
    commands.add_parser("virt", help="Debian arm64 for emulation; made, or of the cache")
    listing = commands.add_parser("imager", help="the list that Raspberry Pi Imager shows")
    listing.add_argument("--unit", type=Path, help="image of a unit: .img, .img.xz or .img.gz")
    listing.add_argument("--hub", type=Path, help="image of a hub")
    listing.add_argument("--address", required=True, help="folder where they will lie, https://…/")
    listing.add_argument("--released", type=date.fromisoformat, default=date.today())
    listing.add_argument("--out", type=Path, default=OUT / "os_list.json")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
