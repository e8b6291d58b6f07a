"""The replay page in a folder of its own, for any static server at any address."""

import re
import shutil
from pathlib import Path
from typing import Final

from parvis_server.errors import BadRecording

REPLAY_PAGE: Final = "replay.html"

_ASSET: Final = re.compile(r"[\w.-]+\.(?:js|css|svg|png|woff2|webmanifest)")


def write_page(built: Path, folder: Path) -> None:
    """Copy the page as ``index.html``, with the assets that it needs and no other.

    Its addresses become relative: the hub's pages lie at the root, a published one anywhere.

    Args:
        built: the built pages.
        folder: of the replay.

    Raises:
        BadRecording: the pages are not built, or cannot be copied.
    """
    try:
        html = (built / REPLAY_PAGE).read_text(encoding="utf-8")
    except OSError as error:
        raise BadRecording(
            f"the replay page is not built ({error.strerror}): run scripts/build"
        ) from error
    (folder / "index.html").write_text(html.replace('"/assets/', '"assets/'), encoding="utf-8")
    assets = {path.name: path for path in (built / "assets").iterdir()}
    needed: set[str] = set()
    _reach(html, assets, needed)
    (folder / "assets").mkdir(exist_ok=True)
    for name in sorted(needed):
        shutil.copy2(assets[name], folder / "assets" / name)


def _reach(text: str, assets: dict[str, Path], needed: set[str]) -> None:
    """Every asset that this text names, and those that they name."""
    for name in set(_ASSET.findall(text)) & assets.keys() - needed:
        needed.add(name)
        if assets[name].suffix in {".js", ".css"}:
            _reach(assets[name].read_text(encoding="utf-8"), assets, needed)
