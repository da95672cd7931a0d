"""`python -m settings`: write what follows from the models. `python -m settings check FILE ...`: check stack files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pulumi

from settings import reference
from settings.files import check


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 where a file has faults, which stand on standard error."""
    parser = argparse.ArgumentParser(prog="python -m settings", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["write", "check"], default="write")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a Pulumi.<stack>.yaml")
    args = parser.parse_args(arguments)
    if args.command == "write":
        for path, text in reference.files().items():
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(reference.ROOT))
        return 0
    faults = 0
    for path in args.files:
        try:
            check(path)
            print(f"{path}: no faults")
        except (pulumi.RunError, OSError) as error:
            faults += 1
            said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            print(said, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
