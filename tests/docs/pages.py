"""The pages of the repository as these tests see them: their headings, links, words in code and text.

A page is a Markdown file that git has, or would take.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/readme"))

from readme import Tally, environment, program  # noqa: E402, F401

FENCE = re.compile(r"^ *(?P<marks>```+|~~~+)(?P<info>[^\n]*)\n(?P<text>.*?)^ *(?P=marks)[`~]*$", re.M | re.S)
CODE = re.compile(r"(?<!`)(`+)(?!`)(?P<text>.+?)(?<!`)\1(?!`)", re.S)
HEADING = re.compile(r"^ {0,3}#{1,6} +(.+?)(?: +#+)?$", re.M)
# `[text](target)` and `![text](target)`, `[name]: target`, and the same in HTML.
LINKS = (
    re.compile(r"\]\(\s*<?([^\s)>]+)>?(?:\s+\"[^\"]*\")?\s*\)"),
    re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?$", re.M),
    re.compile(r"<(?:a|img)\b[^>]*\b(?:href|src)=\"([^\"]+)\""),
)
NAMED_ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


class Page:
    """A page: its place, from the root, and its text."""

    def __init__(self, path, text):
        self.path, self.text = pathlib.PurePosixPath(path), text
        self.prose = FENCE.sub("", text)

    def blocks(self):
        """The language and the text of each fenced block."""
        return [(match["info"].split(" ")[0], match["text"]) for match in FENCE.finditer(self.text)]

    def codes(self):
        """What is set as code within the text."""
        return [re.sub(r"\s+", " ", match["text"]) for match in CODE.finditer(self.prose)]

    def links(self):
        """Where each link goes, as it is written."""
        text = CODE.sub("", self.prose)
        return [target for pattern in LINKS for target in pattern.findall(text)]

    def anchors(self):
        """What links can lead to in the page, as GitHub names it."""
        found = set(NAMED_ANCHOR.findall(self.prose))
        seen = {}
        for heading in HEADING.findall(self.prose):
            anchor = anchor_of(heading)
            number = seen[anchor] = seen.get(anchor, -1) + 1
            found.add(f"{anchor}-{number}" if number else anchor)
        return found

    def words(self):
        """The text with each run of space as one, so that a sentence is found over the end of a line."""
        return re.sub(r"\s+", " ", self.text)


def anchor_of(heading):
    """A heading's anchor: in lower case, without marks and punctuation, a hyphen for each space."""
    shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def files():
    """Every file of the repository, from its root: those that git has and those that it would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


def pages(root=ROOT, names=None):
    """Each page, by its place."""
    names = files() if names is None else names
    return {
        name: Page(name, (root / name).read_text(encoding="utf-8"))
        for name in sorted(names) if name.endswith(".md")
    }
