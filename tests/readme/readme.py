"""README.md as the tests of this folder see it: its marked blocks, and whether a program said what
a block shows.

A fenced block is marked by a word after its language, such as ```sh terminal=caller. What a block
shows of an output may be shortened: `…` inside a line stands for any text, a line of `…` alone for
any lines. Ids, secrets, signatures, times and durations differ from run to run: any will do.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PROGRAM_NAME = "bookora-webhooks"

FENCE = re.compile(r"^```(?P<language>\w+) (?P<mark>\S+)\n(?P<text>.*?)^```$", re.M | re.S)
# What differs from run to run; ids, secrets and signatures may be cut short.
VARIES = re.compile(
    r"(?P<prefix>ep|evt|dlv|att|sec)_(?:[0-9a-z]{26}|[0-9a-z]+…)"
    r"|whsec_[A-Za-z0-9+/]+[=…]*"
    r"|[0-9a-f]{64}|[0-9a-f]{8}…"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
    r"|\d\.\d{3,9}s"
)


class Block:
    """A marked block."""

    def __init__(self, found):
        self.language, self.mark, self.text = found["language"], found["mark"], found["text"]


def blocks(marked):
    """The blocks of README.md whose mark is `marked`, or begins with it where it ends in `=`."""
    text = README.read_text(encoding="utf-8")
    found = [Block(match) for match in FENCE.finditer(text)]
    chosen = [b for b in found if b.mark == marked or marked[-1] == "=" and b.mark.startswith(marked)]
    if not chosen:
        sys.exit(f"README.md has no block marked {marked}")
    return chosen


def pattern(shown):
    """A regular expression for what a block shows."""
    lines = []
    for line in shown.splitlines():
        lines.append(r"(?:.*\n)*?" if line.strip() == "…" else line_pattern(line) + r"\n")
    return re.compile("".join(lines))


def line_pattern(line):
    parts, end = [], 0
    for match in VARIES.finditer(line):
        parts.append(text_pattern(line[end : match.start()]))
        prefix = match["prefix"]
        parts.append(f"{prefix}_[0-9a-z]{{26}}" if prefix else r"\S+?")
        end = match.end()
    return "".join(parts) + text_pattern(line[end:])


def text_pattern(text):
    return re.escape(text).replace("…", ".*?")


def program():
    """The program that cargo built; `make build` builds it."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE,
    )
    built = pathlib.Path(json.loads(metadata.stdout)["target_directory"], "debug", PROGRAM_NAME)
    if not built.exists():
        sys.exit(f"{built} is missing: run `make build`")
    return built


def environment(**more):
    """The environment without settings of ours, so that the machine's do not matter."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BOOKORA_", "OTEL_"))}
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **more}


def stop_on_signals():
    """A signal that ends the test leaves through its `finally`, so that what it started is stopped."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))


def post(url, body, headers, timeout):
    """Posts a body and returns the answer's status."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


class Tally:
    """Counts claims and prints those that do not hold."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def claim(self, holds, claim, seen=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {claim}", seen, sep="\n" if seen else "")
        return holds

    def finish(self):
        """Prints the sums, and exits with 1 where a claim failed."""
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)
