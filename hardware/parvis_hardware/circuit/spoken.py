"""Whether ``words.toml`` has all the words of the circuit's drawings and tables, and no others."""

from parvis_hardware.circuit import draw_perfboard, harness, schematic, sources
from parvis_hardware.circuit.netlist import BUILDS
from parvis_hardware.errors import SourceError
from parvis_hardware.pictures import FONT
from parvis_hardware.words import Speaker, speaker, unused


def differences() -> list[str]:
    """The first word without French, or each that nothing says any more."""
    say = speaker("fr")
    try:
        say_everything(say)
    except SourceError as error:
        return [str(error)]
    return unused(say)


def say_everything(say: Speaker) -> None:
    """Every word of every drawing and table, without a drawing library.

    Raises:
        SourceError: one that has no French.
    """
    netlist, board = sources.netlist(), sources.board()
    for build in BUILDS:
        harness.wireviz_input(netlist.of_build(build), FONT, say)
    for colour in harness.COLOURS.values():
        say("colours", colour)
    say("phrases", "bridge")
    for sheet in sources.sheets():
        schematic.foot_of(schematic.in_language(sheet, say), "", say)
    for part in netlist.parts.values():
        schematic.words_of(part, say)
    draw_perfboard.drawings(board, netlist, (), say)
