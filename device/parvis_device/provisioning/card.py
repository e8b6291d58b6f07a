"""Takes the ``parvis.toml`` of the boot partition: once, whole, whatever moment the power is cut.

Theory of operation. In this order, each step on the disk before the next one begins:

1. the Wi-Fi is kept, and the maker's key is pinned;
2. the unit's own settings get the file's, and with them, in the same write, the file's digest: from
   here on the file is taken;
3. the file on the partition gets another name, a file without secrets its place, and blanks go over
   the old one, where it lies;
4. the digest leaves the unit's settings.

A cut before 2 leaves the file as it was, to be taken at the next start. A cut after 2 leaves the
digest, so that the same file is not taken again but only wiped. FAT has no journal: a cut in 3 may
leave the files under their working names, which the next start finds; a file that somebody wrote
meanwhile has another name than the one that is wiped. A card's flash may keep old cells for longer
than any program can know of.
"""

import logging
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parvis_device.errors import UnitError, UsageError
from parvis_device.provisioning.card_file import (
    BLANK,
    MOST_BYTES,
    CardFile,
    CardMistake,
    explained,
    line_of_key,
    read_card,
    wiped,
)
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.networks import Wifi
from parvis_device.provisioning.settings_text import Value, with_values

CARD_NAME = "parvis.toml"
ERROR_NAME = "parvis.toml.error.txt"

BOOT_FOLDERS = (Path("/boot/firmware"), Path("/boot"))
"""Where Raspberry Pi OS has it since 2023, and before."""

_TAKEN = "# taken from the card: sha256 "

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it."""

    anything: bool = False
    """Settings came from the card."""
    mistake: CardMistake | None = None
    """The file waits to be mended."""
    trouble: str = ""
    """Something could not be written."""


class UnitSettings:
    """The unit's own settings file, for its owner alone."""

    def __init__(self, path: Path, disk: Disk, owner_of: Path | None = None) -> None:
        """Nothing is read before it is asked for. ``owner_of``: a folder of the user who is to read
        the settings; None: that of their own."""
        self.path = path
        self._disk = disk
        self._owner_of = owner_of

    def text(self) -> str:
        """The file; empty, where there is none yet; what is no text of it, as U+FFFD."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def values(self) -> dict[str, object]:
        """What it says; nothing, where it cannot be read as TOML."""
        try:
            return tomllib.loads(self.text())
        except tomllib.TOMLDecodeError:
            return {}

    def change(self, values: dict[str, Value | None], *, taken: str | None = None) -> None:
        """Set these; ``taken``: and remember a card's file by its digest.

        Raises:
            OSError: the file cannot be written, and is as it was.
        """
        text = "".join(
            line for line in self._valid().splitlines(True) if not line.startswith(_TAKEN)
        )
        text = with_values(text, values)
        if taken is not None:
            text = f"{_TAKEN}{taken}\n{text}"
        if text != self.text():
            self._disk.make_folder(self.path.parent)
            self._disk.put(self.path, text.encode(), self._owner_of)

    @property
    def taken(self) -> str | None:
        """The digest of a file that was taken and maybe not wiped."""
        first = self.text().partition("\n")[0]
        return first.removeprefix(_TAKEN) if first.startswith(_TAKEN) else None

    def _valid(self) -> str:
        text = self.text()
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            is_damaged = True
        else:
            is_damaged = "\ufffd" in text  # of a card that lost a block
        if is_damaged:
            _log.error("%s is damaged: its settings are written anew", self.path)
            return ""
        return text


class Card:
    """The boot partition of one unit."""

    def __init__(
        self,
        folder: Path,
        settings: UnitSettings,
        keep_wifi: Callable[[Wifi], None],
        disk: Disk,
        pin: Callable[[str], None] | None = None,
    ) -> None:
        """``keep_wifi`` has the network on the disk when it returns, or raises OSError; ``pin`` the
        maker's key, or raises UnitError (UsageError: another is pinned); None: nobody updates."""
        self._file = folder / CARD_NAME
        self._error = folder / ERROR_NAME
        self._draft = folder / (CARD_NAME + ".new")
        self._old = folder / (CARD_NAME + ".old")
        self._settings = settings
        self._keep_wifi = keep_wifi
        self._disk = disk
        self._pin = pin

    def take(self) -> Taken:
        """Take what is there; never raises for what a card may hold."""
        try:
            return self._take()
        except OSError as error:
            words = f"{error.filename or self._settings.path}: {error.strerror}"
            _log.error("the settings of the card cannot be taken (%s); tried again later", words)
            return Taken(trouble=words)

    def forget(self) -> None:
        """What the unit took from here, and left for people to read, goes: it says whose it is.

        A file that waits to be taken stays: it is for the unit that comes next.

        Raises:
            OSError: it cannot be wiped.
        """
        self._finish_wiping()
        try:
            with self._file.open("rb") as opened:
                content = opened.read(MOST_BYTES + 1)
            card = read_card(content)
        except (FileNotFoundError, CardMistake):
            return
        if content and (card.is_empty or card.digest == self._settings.taken):
            self._disk.write(self._draft, BLANK.encode())
            self._disk.replace(self._file, self._old)
            self._finish_wiping()

    def _take(self) -> Taken:
        self._finish_wiping()
        try:
            with self._file.open("rb") as opened:
                content = opened.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return Taken()
        try:
            card = read_card(content)
        except CardMistake as mistake:
            return self._refuse(mistake)
        if not card.is_empty:
            try:
                self._pin_key(card)
            except UsageError as error:
                return self._refuse(CardMistake(f"update_key: {error}", line_of_key(content)))
            except UnitError as error:
                _log.error("the maker's key of the card cannot be pinned: %s", error)
                return Taken(trouble=str(error))
            self._apply(card)
            trouble = self._wipe(card)
            if trouble:
                return Taken(anything=True, trouble=trouble)
        if self._settings.taken is not None:
            self._settings.change({})
        self._disk.remove(self._error)
        return Taken(anything=not card.is_empty)

    def _pin_key(self, card: CardFile) -> None:
        if card.update_key is None or self._settings.taken == card.digest:
            return
        if self._pin is None:
            raise UsageError("this unit has no updater that could take a key")
        self._pin(card.update_key)

    def _apply(self, card: CardFile) -> None:
        if self._settings.taken == card.digest:
            return
        if card.wifi is not None:
            self._keep_wifi(card.wifi)
        self._settings.change(dict(card.settings), taken=card.digest)
        _log.info("the unit has taken the settings of the card")

    def _wipe(self, card: CardFile) -> str:
        """Secrets leave the partition; what hinders that, in words."""
        try:
            self._disk.write(self._draft, wiped(card).encode())
            self._disk.replace(self._file, self._old)
            self._finish_wiping()
        except OSError as error:
            words = f"{self._file} cannot be wiped ({error.strerror}), and still has its secrets"
            _log.error("%s; tried again at the next start", words)
            return words
        return ""

    def _refuse(self, mistake: CardMistake) -> Taken:
        _log.error("%s: %s", self._file, mistake)
        text = explained(mistake).encode()
        try:
            if not self._error.exists() or self._error.read_bytes() != text:
                self._disk.put(self._error, text)
        except OSError as error:
            _log.warning("%s cannot be written (%s)", self._error, error.strerror)
        return Taken(mistake=mistake)

    def _finish_wiping(self) -> None:
        """What was taken goes; also what a cut left half done."""
        if self._draft.exists() and not self._file.exists():
            self._disk.replace(self._draft, self._file)
        self._disk.remove(self._draft)
        if self._old.exists():
            self._disk.overwrite(self._old)
            self._disk.remove(self._old)


def boot_folder() -> Path:
    """The boot partition of this machine."""
    return next((folder for folder in BOOT_FOLDERS if folder.is_dir()), BOOT_FOLDERS[0])
