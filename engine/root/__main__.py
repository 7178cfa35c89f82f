"""Makes the root of a server's image: the server, what it can come to load, their libraries, no more.

Usage: python3 -m engine.root ROOT --application DIR --packages DIR --library FILE ...      (a server in Python)
       python3 -m engine.root ROOT --crate DIR --packages DIR --library FILE ...            (a server in Rust)
Run by the servers' Dockerfiles, with the interpreter and on the system whose parts go into the image. Ends with
status 1 where a part is missing, and says which; the server has been tried in the finished root.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.root.errors import MissingPart
from engine.root.program import make_program_root
from engine.root.python import make_python_root


def main() -> int:
    """Reads the command line and makes the root."""
    parser = argparse.ArgumentParser(prog="python3 -m engine.root", description="Makes the root of a server's image.")
    add = parser.add_argument
    add("root", type=Path, metavar="ROOT", help="the folder to fill; it is made")
    server = parser.add_mutually_exclusive_group(required=True)
    server.add_argument("--application", type=Path, metavar="DIR", help="holds firstserve/ and main.py")
    server.add_argument("--crate", type=Path, metavar="DIR", help="holds Cargo.toml, and is built for release")
    add("--packages", type=Path, required=True, metavar="DIR", help="where pip has installed what it loads")
    add("--library", action="append", default=[], metavar="FILE", help="opened by its path within DIR; repeatable")
    options = parser.parse_args()
    try:
        make_root = make_python_root if options.application else make_program_root
        server_folder = (options.application or options.crate).resolve()
        make_root(options.root, server_folder, options.packages.resolve(), options.library)
    except MissingPart as error:
        print(f"engine.root: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
