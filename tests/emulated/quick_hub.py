"""``parvis hub``, for which a house that nobody uses is quiet at once and not after ten minutes.

The rule itself has tests of its own; a trial that waited for it would wait for nothing else.
"""

from __future__ import annotations

import sys

from parvis_server.cli import main
from parvis_server.updates.quiet import Quiet

Quiet.__init__.__defaults__ = (0,)

if __name__ == "__main__":
    sys.argv[0] = "parvis"
    main()
