"""Makes the root of a server's image: an interpreter, the modules it can come to import, their libraries, no more.

Usage: python3 -m engine.root ROOT --application DIR --packages DIR --library FILE ...
Run by the servers' Dockerfiles, with the interpreter and on the system whose parts go into the image. Ends with
status 1 where a part is missing, and says which; the finished root has imported every module of firstserve.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.root.errors import MissingPart
from engine.root.root import make_root


def main() -> int:
    """Reads the command line and makes the root."""
    parser = argparse.ArgumentParser(prog="python3 -m engine.root", description="Makes the root of a server's image.")
    add = parser.add_argument
    add("root", type=Path, metavar="ROOT", help="the folder to fill; it is made")
    add("--application", type=Path, required=True, metavar="DIR", help="holds firstserve/ and main.py")
    add("--packages", type=Path, required=True, metavar="DIR", help="where pip has installed what it imports")
    add("--library", action="append", default=[], metavar="FILE", help="opened by its path within DIR; repeatable")
    options = parser.parse_args()
    try:
        make_root(options.root, options.application.resolve(), options.packages.resolve(), options.library)
    except MissingPart as error:
        print(f"engine.root: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
