#!/usr/bin/env python3
"""Whether each test that a page names is there, so that docs/faults.md promises nothing that no test
shows. A name that ends in `…`, or in `::`, stands for each test that begins so."""

import re

from pages import ROOT, Tally, files, pages

# As cargo calls them: modules and a name.
NAMED = re.compile(r"(?:[a-z_0-9]+::)+(?:[a-z_0-9]*…?)")
TEST = re.compile(r"#\[(?:tokio::)?test[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)")
# The tests of the built program are one program; those of modules are beside them.
FOLDERS = {"tests/integration/": "", "src/": ""}
# What a page says names look like.
EXAMPLES = {"module::name"}


def of_the_repository():
    """The whole name of each test."""
    found = set()
    for name in files():
        folder = next((folder for folder in FOLDERS if name.startswith(folder)), None)
        if folder is None or not name.endswith(".rs"):
            continue
        modules = name.removeprefix(folder).removesuffix(".rs").removesuffix("/mod").replace("/", "::")
        text = (ROOT / name).read_text(encoding="utf-8")
        found |= {f"{modules}::{test}" for test in TEST.findall(text)}
    return found


def main():
    tally = Tally("named tests")
    tests = of_the_repository()
    for name, page in pages().items():
        for code in page.codes():
            if not NAMED.fullmatch(code) or code in EXAMPLES:
                continue
            beginning = code.rstrip("…").removesuffix("::")
            tally.claim(any(beginning in test for test in tests), f"{name}: there is a test {code}")
    tally.finish()


if __name__ == "__main__":
    main()
