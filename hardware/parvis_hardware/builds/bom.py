"""A build's list of parts (``bom.csv``): read, checked line by line, summed.

Prices are estimates of street prices with VAT for ten units, each with its currency and the month
it was written down; nobody quoted them.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from parvis_hardware.errors import SourceError

COLUMNS = (
    *("reference", "quantity", "group", "description", "value", "manufacturer", "part_number"),
    *("substitutes", "unit_price", "currency", "date", "openness", "verified"),
)
MAY_BE_EMPTY = frozenset({"value"})

_REFERENCE = re.compile(r"[A-Z]{1,2}[1-9][0-9]*")
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


class Group(StrEnum):
    """What a line counts to."""

    PART = "part"
    COMPUTER = "computer"
    OPTION = "option"
    """In no total: bought only by who wants it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a part number, and where it goes."""

    references: tuple[str, ...]
    quantity: int
    group: Group
    description: str
    value: str
    manufacturer: str
    part_number: str
    substitutes: str
    unit_price: Decimal
    currency: str
    date: str
    openness: str
    verified: str

    @property
    def price(self) -> Decimal:
        """Of all pieces of the line."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a list, in its one currency."""

    parts: Decimal
    computer: Decimal
    options: Decimal
    currency: str
    date: str
    """The oldest of the lines' months."""

    @property
    def together(self) -> Decimal:
        """Parts and computer."""
        return self.parts + self.computer


def parse(text: str, source: str) -> tuple[Line, ...]:
    """The lines of a list; ``source`` is what errors call it.

    Raises:
        SourceError: a cell that is empty or cannot be, a reference that is there twice.
    """
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise SourceError(source, "line 1", f"the columns are {', '.join(COLUMNS)}")
    lines = tuple(_line(row, source, f"line {rows.line_num}") for row in rows)
    _refuse_doubled(lines, source)
    return lines


def _line(row: dict[str, str], source: str, number: str) -> Line:
    entry = f"{number} ({row.get('reference') or 'no reference'})"
    for column in COLUMNS:
        if row.get(column) is None or None in row:
            raise SourceError(source, entry, f"it has not {len(COLUMNS)} cells")
        if not row[column].strip() and column not in MAY_BE_EMPTY:
            wanted = column.replace("_", " ")
            raise SourceError(source, entry, f"no {wanted}: each line needs one")
    references = tuple(row["reference"].split())
    for reference in references:
        if not _REFERENCE.fullmatch(reference):
            raise SourceError(source, entry, f"{reference!r} is no reference like R1 or BZ1")
    if not _MONTH.fullmatch(row["date"]):
        raise SourceError(source, entry, f"date {row['date']!r}: say the month, 2026-11")
    quantity = _quantity(row["quantity"], references, source, entry)
    try:
        group, unit_price = Group(row["group"]), Decimal(row["unit_price"])
    except ValueError as error:
        raise SourceError(source, entry, f"{error}: groups are {', '.join(Group)}") from error
    except InvalidOperation as error:
        raise SourceError(source, entry, f"price {row['unit_price']!r} is no number") from error
    if not (unit_price.is_finite() and unit_price > 0):
        raise SourceError(source, entry, f"price {row['unit_price']!r}: more than 0")
    rest = {name: row[name] for name in COLUMNS[3:8] + COLUMNS[9:]}
    return Line(
        references=references, quantity=quantity, group=group, unit_price=unit_price, **rest
    )


def _quantity(said: str, references: tuple[str, ...], source: str, entry: str) -> int:
    """One piece for each reference; a single reference may stand for several (screws)."""
    quantity = int(said) if said.isdecimal() else 0
    if quantity < 1 or (len(references) > 1 and quantity != len(references)):
        raise SourceError(
            source, entry, f"quantity {said!r} for {len(references)} references: say how many"
        )
    return quantity


def _refuse_doubled(lines: Iterable[Line], source: str) -> None:
    taken: set[str] = set()
    for line in lines:
        for reference in line.references:
            if reference in taken:
                raise SourceError(source, reference, "it is in two lines: it is bought once")
            taken.add(reference)


def totals(lines: tuple[Line, ...], source: str) -> Totals:
    """The sums.

    Raises:
        SourceError: lines in different currencies, which cannot be summed.
    """
    currencies = sorted({line.currency for line in lines})
    if len(currencies) != 1:
        raise SourceError(source, "currency", f"{' and '.join(currencies)} cannot be summed")

    def of(group: Group) -> Decimal:
        return sum((line.price for line in lines if line.group is group), Decimal(0))

    return Totals(
        parts=of(Group.PART),
        computer=of(Group.COMPUTER),
        options=of(Group.OPTION),
        currency=currencies[0],
        date=min(line.date for line in lines),
    )
