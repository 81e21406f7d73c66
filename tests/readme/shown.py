#!/usr/bin/env python3
"""Whether the program says what README.md shows of it: the demo's output and the settings."""

import re
import subprocess

from readme import Tally, blocks, environment, pattern, program, README

DEMO_PATIENCE_SECONDS = 60

# `--flag <VALUE>   Help [env: NAME=] [default: value]`
SETTING = re.compile(r"^ +--([a-z-]+).*?\[env: ([A-Z_]+)=?\](?: \[default: ([^\]]+)\])?$", re.M)

# Where settings are, and none itself: the text above the table has it.
NO_SETTINGS = {"config"}


def run(*arguments):
    done = subprocess.run(
        [program(), *arguments], env=environment(), timeout=DEMO_PATIENCE_SECONDS, check=True,
        stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )
    return done.stdout


def check_demo(tally):
    said = run("demo")
    for block in blocks("shown=demo"):
        tally.claim(pattern(block.text).search(said), "the demo says what README.md shows", said)


def check_settings(tally, command):
    """Each setting has a row: flag, environment, default."""
    readme = README.read_text(encoding="utf-8")
    found = SETTING.findall(run(command, "--help"))
    tally.claim(found, f"`{command} --help` lists settings")
    for flag, variable, default in found:
        if flag in NO_SETTINGS:
            tally.claim(f"`--{flag}" in readme and f"`{variable}`" in readme, f"README.md has --{flag}")
            continue
        cells = [f"`--{flag}", f"`{variable}`", f"`{default}`" if default else ""]
        row = r"^\| " + r"[^|]*\|[^|]*".join(map(re.escape, cells)) + r"[^|]*\|"
        tally.claim(re.search(row, readme, re.M), f"README.md has a row {' | '.join(cells)}")
    rows = re.findall(r"^\| `--([a-z-]+)", readme, re.M)
    tally.claim(set(rows) <= {flag for flag, *_ in found}, "no row is about a flag that is not there")


def main():
    tally = Tally("shown")
    check_demo(tally)
    check_settings(tally, "serve")
    tally.finish()


if __name__ == "__main__":
    main()
