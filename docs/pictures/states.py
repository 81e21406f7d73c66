"""The states of a delivery, and what moves it. The states are those of `DeliveryState`, the arrows those
of the table in docs/delivery-states.md, which a test in src/domain/delivery/ holds to what the code
does: where the picture has others it is not drawn."""

import re

from canvas import Canvas

OPEN = ("PENDING", "RETRYING")
CLOSED = ("SUCCEEDED", "FAILED", "CANCELLED")
NEW = ""

# From where, to where, and the words of the table that the picture has beside that arrow.
DRAWN = [
    ((NEW,), "PENDING", ["publish", "RecoverEndpoint"]),
    (("PENDING", "RETRYING"), "RETRYING", ["attempt"]),
    (OPEN, "SUCCEEDED", ["attempt"]),
    (OPEN, "FAILED", ["attempt", "10th claim"]),
    (OPEN, "CANCELLED", ["CancelDelivery", "DisableEndpoint", "DeleteEndpoint", "suspension"]),
    (CLOSED, "PENDING", ["ResendDelivery", "RecoverEndpoint"]),
]

DESCRIPTION = (
    "A publish or RecoverEndpoint makes a delivery, which is PENDING. An attempt that fails while a retry"
    " is left makes it RETRYING, as often as there are retries. From both, a 2xx answer makes it SUCCEEDED;"
    " the last failure, 410 Gone or ten claims without an outcome make it FAILED; CancelDelivery, or an"
    " endpoint that is disabled, suspended or deleted, make it CANCELLED. ResendDelivery, and"
    " RecoverEndpoint where it did not succeed, make a closed one PENDING again."
)


def draw(root):
    check(root)
    picture = Canvas(860, 356, "States of a delivery", DESCRIPTION)
    picture.group(150, 60, 270, 280, "open: attempts are to come")
    picture.group(650, 60, 190, 280, "closed")
    picture.dot(24, 126)
    picture.arrow((24, 126), (215, 126))
    picture.text(86, 104, "a publish, or", 110)
    picture.text(86, 118, "RecoverEndpoint", 110)
    picture.box(215, 104, 130, 44, "PENDING")
    picture.box(215, 224, 130, 44, "RETRYING")
    picture.arrow((280, 148), (280, 224))
    picture.text(288, 182, "failed,", 120, anchor="start")
    picture.text(288, 196, "a retry is left", 120, anchor="start")
    picture.loop(262, 268, 36, 34)
    picture.text(280, 308, "failed again, a retry is left", 260)
    for y, state, kind in ((104, "SUCCEEDED", "kept"), (184, "FAILED", "ended"), (264, "CANCELLED", "ended")):
        picture.box(680, y, 130, 44, state, kind=kind)
        picture.arrow((420, y + 22), (680, y + 22))
    picture.text(535, 119, "2xx within the deadline", 220)
    picture.text(535, 185, "the last retry failed, 410 Gone,", 220)
    picture.text(535, 199, "or ten claims without an outcome", 220)
    picture.text(535, 265, "CancelDelivery, or the endpoint is", 220)
    picture.text(535, 279, "disabled, suspended or deleted", 220)
    picture.arrow((745, 60), (745, 30), (280, 30), (280, 104))
    picture.text(512, 22, "ResendDelivery; RecoverEndpoint, but not of SUCCEEDED", 440)
    return picture.svg()


def check(root):
    code = (root / "src/domain/delivery.rs").read_text(encoding="utf-8")
    states = re.search(r"pub enum DeliveryState \{(.*?)\n\}", code, re.S)[1]
    states = [name.upper() for name in re.findall(r"^    (\w+),$", states, re.M)]
    if states != [*OPEN, *CLOSED]:
        raise ValueError(f"the states are {states}: draw them")
    table = arrows((root / "docs/delivery-states.md").read_text(encoding="utf-8"))
    drawn = {(start, end): words for starts, end, words in DRAWN for start in starts}
    if drawn.keys() != table.keys():
        raise ValueError(f"the table and the picture differ: {sorted(drawn.keys() ^ table.keys())}")
    for arrow, words in drawn.items():
        missing = [word for word in words if word not in table[arrow]]
        if missing:
            raise ValueError(f"the table has no {missing} for {arrow}")


def arrows(page):
    """Each arrow of the table: what moves a delivery along it."""
    section = page.split("\n## What moves it\n")[1].split("\n## ")[0]
    found = {}
    for row in re.findall(r"^\|(.*)\|$", section, re.M)[2:]:
        starts, ends, by, _ = (cell.strip() for cell in row.split("|"))
        for start in starts.split(", "):
            for end in ends.split(", "):
                found[start, end] = found.get((start, end), "") + by + "; "
    return found
