#!/usr/bin/env python3
"""Writes the pictures of docs/, or with --check compares those that are there with what it would write.

Each picture is a script beside this one. What it shows is taken from the code or the pages where that can
be, and is not drawn where they have become different.
"""

import pathlib
import sys

import deployment
import event
import states

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = {"deployment.svg": deployment, "event.svg": event, "states.svg": states}


def main():
    checks = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not checks:
        sys.exit("pictures.py [--check]")
    other = []
    for name, picture in PICTURES.items():
        path, drawn = ROOT / "docs" / name, picture.draw(ROOT)
        if not checks:
            path.write_text(drawn, encoding="utf-8", newline="\n")
        elif not path.is_file() or path.read_bytes() != drawn.encode():
            other.append(f"docs/{name}")
    if other:
        sys.exit(f"{', '.join(other)}: not what `make pictures` draws; run it, look at it, commit it")
    print(f"pictures: {len(PICTURES)} {'are as they are drawn' if checks else 'drawn'}")


if __name__ == "__main__":
    main()
