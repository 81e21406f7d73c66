#!/usr/bin/env python3
"""Whether what the pages link to and name is there: files, folders, headings, tests.

Links to other hosts are not followed. What notices a wrong link is shown to notice one.
"""

import posixpath
import re
import urllib.parse

from pages import ROOT, Page, Tally, files, pages

START = "README.md"
# A page that a file names, such as an alert its runbook.
NAMED_PAGE = re.compile(r"\b(docs/[\w-]+\.md)(?:#([\w-]+))?")
# A file or folder that a page names, as code. `…` stands for any folders; one with `<name>` is not meant.
TOP_FOLDERS = "benches deploy docs examples fuzz proto sdk src supply tests".split()
NAMED_PATH = re.compile(rf"(?:{'|'.join(TOP_FOLDERS)})/[\w./{{}},…-]*")
TEXTS_MAX_BYTES = 1 << 20


def places(names):
    """The files, and the folders that they are in."""
    found = set(names)
    for name in names:
        while name := posixpath.dirname(name):
            found.add(name)
    return found


def resolve(page, link):
    """Where a relative link of a page leads: a place from the root, and an anchor."""
    path, _, anchor = link.partition("#")
    folder = str(page.path.parent)
    place = posixpath.normpath(posixpath.join(folder, urllib.parse.unquote(path))) if path else str(page.path)
    return place, urllib.parse.unquote(anchor)


def relative_links(page):
    return [link for link in page.links() if not re.match(r"[a-z]+:", link)]


def links(all_pages, there):
    """Each link, and what is wrong with it."""
    for name, page in all_pages.items():
        for link in relative_links(page):
            place, anchor = resolve(page, link)
            wrong = ""
            if place not in there and place != ".":
                wrong = "which is not there"
            elif anchor and place not in all_pages:
                wrong = "which is no page"
            elif anchor and anchor not in all_pages[place].anchors():
                wrong = f"and {place} has no such heading"
            yield f"{name} links to {link}", wrong


def unreached(all_pages):
    """The pages to which no way of links leads from the first; a folder is its README.md."""
    reached, to_visit = set(), [START]
    while to_visit:
        name = to_visit.pop()
        if name in reached:
            continue
        reached.add(name)
        for link in relative_links(all_pages[name]):
            place, _ = resolve(all_pages[name], link)
            to_visit += [each for each in (place, f"{place}/README.md") if each in all_pages]
    return sorted(all_pages.keys() - reached)


def named_pages(all_pages, names):
    """Each page that a file names, and what is wrong with that."""
    for name in sorted(names):
        path = ROOT / name
        if name.endswith(".lock") or path.stat().st_size > TEXTS_MAX_BYTES:
            continue
        for place, anchor in NAMED_PAGE.findall(path.read_text(encoding="utf-8", errors="ignore")):
            wrong = ""
            if place not in all_pages:
                wrong = "which is not there"
            elif anchor and anchor not in all_pages[place].anchors():
                wrong = f"which has no heading {anchor}"
            yield f"{name} names {place}", wrong


def expanded(path):
    """`a/{b,c}.rs` as both."""
    found = re.search(r"\{([^}]*)\}", path)
    if not found:
        return [path]
    return [
        each for part in found[1].split(",")
        for each in expanded(path[: found.start()] + part + path[found.end() :])
    ]


def named_paths(all_pages, there):
    """Each file or folder that a page names as code, those in src/ also without that, and what is wrong."""
    parts = {posixpath.splitext(place.split("/")[1])[0] for place in there if place.startswith("src/")}
    parts -= set(TOP_FOLDERS)
    for name, page in all_pages.items():
        for code in page.codes():
            if code.split("/")[0] in parts and "/" in code:
                code = f"src/{code}"
            if not NAMED_PATH.fullmatch(code):
                continue
            for path in expanded(code):
                path = path.rstrip("/")
                places = (path, f"{path}.rs", posixpath.join(posixpath.dirname(name), path))
                named = re.compile("|".join(re.escape(place).replace("…", ".*") for place in places))
                yield f"{name} names {path}", "" if any(map(named.fullmatch, there)) else "which is not there"


def check_itself(tally):
    """Of links that are wrong in each way none is overlooked, and none that is right is called wrong."""
    readme = Page("README.md", (
        "# A `b` c: d\n## Twice\n## Twice\n[a](pages/a.md#an-end) [b](#a-b-c-d) [c](#twice-1) [d](pages/)\n"
        "```sh\n[not](a-link.md)\n# no-heading\n```\n`[nor](this.md)` [e](https://example.com/x.md)\n"
    ))
    page = Page("pages/a.md", (
        "# An end?\n[up](../README.md) [gone](gone.md) [no](#an-ende) [none](../README.md#no-heading)"
    ))
    alone = Page("pages/alone.md", "# Alone")
    all_pages = {str(each.path): each for each in (readme, page, alone)}
    found = [link for link, wrong in links(all_pages, places(all_pages)) if wrong]
    expected = [f"pages/a.md links to {link}" for link in ("gone.md", "#an-ende", "../README.md#no-heading")]
    tally.claim(found == expected, "wrong links are noticed, and no others", str(found))
    tally.claim(unreached(all_pages) == ["pages/alone.md"], "a page without a way to it is noticed")


def main():
    tally = Tally("links")
    check_itself(tally)
    names = files()
    there, all_pages = places(names), pages()
    tally.claim(START in all_pages, f"{START} is there")
    for each in (links(all_pages, there), named_pages(all_pages, names), named_paths(all_pages, there)):
        for what, wrong in each:
            tally.claim(not wrong, f"{what}, {wrong}")
    lost = unreached(all_pages)
    tally.claim(not lost, f"a way of links leads from {START} to each page", ", ".join(lost))
    tally.finish()


if __name__ == "__main__":
    main()
