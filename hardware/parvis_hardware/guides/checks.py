"""What the guides must keep: pictures that exist, commands that exist, both languages."""

import re
from collections.abc import Iterator
from pathlib import Path

from parvis_hardware.errors import SourceError
from parvis_hardware.guides.document import Guide, Picture, Step, Wires, read_guide, words_in
from parvis_hardware.guides.drawn import DRAWINGS
from parvis_hardware.guides.lights import light_lines
from parvis_hardware.guides.make import WIRE_WORDS, guide_files
from parvis_hardware.guides.pictures import DRAWN, Pictures, read_pictures
from parvis_hardware.guides.wires import wire_lines
from parvis_hardware.places import LANGUAGES

_NAMED = re.compile(r"(?:^|[`/ ])(parvis-unit|parvis) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def differences_of(folder: Path) -> list[str]:
    """One line for each thing that is not as it should be; the first of each file."""
    found: list[str] = []
    try:
        pictures = read_pictures(folder / "pictures.toml")
        found += [line for language in LANGUAGES for line in _lights(folder, language)]
    except SourceError as error:
        return [str(error)]
    found += _undrawn(pictures)
    for path in guide_files(folder):
        try:
            guide = read_guide(path)
            found += [f"{path.name}: {line}" for line in _of_guide(guide, pictures)]
        except SourceError as error:
            found.append(str(error))
    return found


def _lights(folder: Path, language: str) -> list[str]:
    light_lines(folder / "lights.toml", language)
    return []


def _undrawn(pictures: Pictures) -> list[str]:
    drawn = {name for name, source in pictures.sources.items() if source.by == DRAWN}
    lines = [f"pictures.toml, {name}: nothing draws it" for name in drawn - DRAWINGS.keys()]
    return lines + [
        f"{name} is drawn, and pictures.toml lacks it" for name in DRAWINGS.keys() - drawn
    ]


def _of_guide(guide: Guide, pictures: Pictures) -> Iterator[str]:
    for build in (*guide.builds,) or ("",):
        for block in guide.of_build(build):
            if isinstance(block, Step | Picture):
                if block.picture not in pictures.sources:
                    yield f"picture {block.picture!r} is not in pictures.toml"
                else:
                    pictures.file(block.picture, LANGUAGES[0], build)
            if isinstance(block, Wires):
                wire_lines(WIRE_WORDS, build, "fr")
    for program, command in sorted(commands_in(guide)):
        if command not in commands_of(program):
            yield f"`{program} {command}` is no command"


def commands_in(guide: Guide) -> set[tuple[str, str]]:
    """Every command of ours that the guide names."""
    code = [line for block in guide.blocks if isinstance(block, Step) for line in block.code]
    code += [part for words in words_in(guide) for part in re.findall(r"`[^`]+`", words.en)]
    return {(found[1], found[2]) for line in code for found in _NAMED.finditer(line)}


def commands_of(program: str) -> set[str]:
    """What the program knows today."""
    if program == "parvis-unit":
        from parvis_device.cli import app as unit

        return {each.callback.__name__ for each in unit.registered_commands if each.callback}
    from parvis_server.cli import COMMANDS

    return set(COMMANDS)
