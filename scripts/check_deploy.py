"""Check deploy/compose.yaml against the Compose Specification: no container engine runs here.

The specification's own types say which keys and values there are, and that volumes and networks are
declared; that the files which a service is given exist is looked at here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import compose_spec
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"


def faults(text: str, folder: Path = DEPLOY) -> Iterator[str]:
    """What is wrong with a compose file, one line each."""
    told = yaml.safe_load(text)
    try:
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(told)).validate()  # without anchors
    except ValueError as error:
        yield str(error)
        return
    for name, service in told["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith(".") and not (folder / source).exists():
                yield f"services.{name}: there is no file {source}"


def main() -> int:
    """Check the file of this repository; the exit code."""
    found = list(faults((DEPLOY / "compose.yaml").read_text()))
    for line in found:
        print(f"deploy/compose.yaml: {line}", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
