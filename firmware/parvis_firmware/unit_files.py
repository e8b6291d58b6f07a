"""Reads systemd's unit files: sections with keys that may come several times. Pure."""

from dataclasses import dataclass

from parvis_firmware.errors import SourceError


@dataclass(frozen=True, slots=True)
class UnitFile:
    """One service, timer or configuration of systemd."""

    name: str
    entries: tuple[tuple[str, str, str], ...]
    """Section, key and value, in their order."""

    def all(self, section: str, key: str) -> tuple[str, ...]:
        """Every value of a key; an empty one, which forgets those before it, as systemd does."""
        found: list[str] = []
        for in_section, in_key, value in self.entries:
            if (in_section, in_key) == (section, key):
                found = [*found, value] if value else []
        return tuple(found)

    def one(self, section: str, key: str) -> str | None:
        """The last value of a key."""
        found = self.all(section, key)
        return found[-1] if found else None


def parse(name: str, text: str) -> UnitFile:
    """Read one unit file.

    Raises:
        SourceError: a line that is neither section, key nor comment.
    """
    section, entries = "", []
    whole = text.replace("\\\n", " ")
    for number, line in enumerate(whole.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if bare.startswith("[") and bare.endswith("]"):
            section = bare[1:-1]
            continue
        key, equals, value = bare.partition("=")
        if not equals or not section:
            raise SourceError(name, f"line {number}", f"{bare!r} is no KEY=VALUE in a section")
        entries.append((section, key.strip(), value.strip()))
    return UnitFile(name, tuple(entries))
