"""What the self-test found: one verdict and one sentence for each check. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parvis_device.selftest.checks import Check, Verdict
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Language


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    says: Says
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def check(self) -> Check:
        """Which line."""
        return self.says.value.check

    @property
    def verdict(self) -> Verdict:
        """How it is marked."""
        return self.says.value.verdict

    def line(self, language: Language) -> str:
        """What it says; a fact that is words itself is a pair, English and French."""
        french = language is Language.FR
        words: str = self.says.value.fr if french else self.says.value.en
        facts = {
            name: fact[1 if french else 0] if isinstance(fact, tuple) else fact
            for name, fact in self.facts.items()
        }
        return words.format(**facts)


def found(says: Says, **facts: Any) -> Finding:
    """A finding with what belongs into its line."""
    return Finding(says, facts)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings as the table has them, whatever was done first."""
    places = list(Check)
    return sorted(findings, key=lambda one: places.index(one.check))


_ENDS: Mapping[Language, tuple[str, str, str, str, str]] = {
    Language.EN: (
        "All is well.",
        "It works; {hints} to know about.",
        "Nothing failed; {asked} not asked, for want of a person.",
        "1 check of {all} failed.",
        "{bad} checks of {all} failed.",
    ),
    Language.FR: (
        "Tout va bien.",
        "Cela marche ; {hints} point(s) à savoir.",
        "Rien n'a échoué ; {asked} point(s) non demandé(s), faute de quelqu'un.",
        "1 vérification sur {all} a échoué.",
        "{bad} vérifications sur {all} ont échoué.",
    ),
}
"""All good; hints; something was not asked; one failed; more did."""


def conclusion(findings: Iterable[Finding], language: Language) -> str:
    """The last line."""
    marks = [one.verdict for one in findings]
    hints, asked = marks.count(Verdict.HINT), marks.count(Verdict.NOT_ASKED)
    bad = marks.count(Verdict.BAD)
    place = min(bad, 2) + 2 if bad else 2 if asked else 1 if hints else 0
    return _ENDS[language][place].format(bad=bad, asked=asked, hints=hints, all=len(marks))


def exit_code(findings: Iterable[Finding]) -> int:
    """1 as soon as one thing does not work; hints, and what nobody was asked, change nothing."""
    return int(any(one.verdict is Verdict.BAD for one in findings))


def as_json(findings: Iterable[Finding], language: Language) -> dict[str, Any]:
    """Everything for a program: verdict, words and figures of each check."""
    return {
        "passed": exit_code(findings := list(findings)) == 0,
        "complete": all(one.verdict is not Verdict.NOT_ASKED for one in findings),
        "checks": [
            {
                "check": one.check.value,
                "verdict": one.verdict.value,
                "says": one.says.name.lower(),
                "line": one.line(language),
                "facts": {
                    name: fact[0] if isinstance(fact, tuple) else fact
                    for name, fact in one.facts.items()
                },
            }
            for one in findings
        ],
    }
