"""Figures of a trial, each with what it may be at most: printed as they come, judged at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Report:
    """Of one run."""

    name: str
    failed: list[str] = field(default_factory=list)
    began_s: float = field(default_factory=time.monotonic)

    def say(self, words: str) -> None:
        """What was seen, and when."""
        took_s = time.monotonic() - self.began_s
        print(f"{self.name} {took_s // 60:3.0f}:{took_s % 60:02.0f}  {words}", flush=True)

    def figure(self, what: str, value: float, unit: str, most: float | None = None) -> None:
        """A figure; ``most``: what is asked of it."""
        asked = "" if most is None else f" (asked: at most {most:g})"
        self.say(f"{what}: {value:.1f} {unit}{asked}")
        if most is not None and value > most:
            self.failed.append(f"{what}: {value:.1f} {unit}, and {most:g} are allowed")

    def least(self, what: str, value: float, least: float) -> None:
        """A figure that has to reach something."""
        self.say(f"{what}: {value:.3f} (asked: at least {least:g})")
        if value < least:
            self.failed.append(f"{what}: {value:.3f}, and {least:g} is asked")

    def verdict(self) -> int:
        """Say how it ended; the exit code."""
        for line in self.failed:
            self.say(f"FAILED: {line}")
        self.say("all as asked" if not self.failed else f"{len(self.failed)} not as asked")
        return 1 if self.failed else 0
