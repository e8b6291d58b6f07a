"""An edge whose settings stand in the environment alone: the hub's workers."""

import sys

from parvis_server.edge.process import run
from parvis_server.edge.settings import load_edge_settings
from parvis_server.errors import UserError


def main() -> None:
    """Run it; what a user can mend is told in one line."""
    try:
        run(load_edge_settings(None, {}))
    except UserError as error:
        print(f"parvis edge: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
