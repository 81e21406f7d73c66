#!/usr/bin/env python3
"""Whether the numbers in the pages are those of the code.

Each row of the tables below is a sentence of a page, with the constants of src/ in braces where it has
numbers: `{grpc/calls.CALLS_MAX}` is `CALLS_MAX` of src/grpc/calls.rs. A row fails where the sentence is no
longer there, or says another number. What notices a wrong number is shown to notice one.
"""

import re

from constants import constant, evaluated
from pages import ROOT, Page, Tally
from sentences import SENTENCES, TEXTS

WORDS = {
    "half a second": 0.5, "half second": 0.5, "a quarter of a second": 0.25, "once a second": 1, "second": 1,
    "a second": 1, "half an hour": 1800, "a minute": 60, "a hundred": 100, "a hundredth": 100, "a quarter": 4,
    "ten": 10, "tenth": 10, "seven": 7, "eight": 8, "three": 3, "five": 5, "twice": 2,
}
UNITS = {
    "ms": 0.001, "s": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400,
    "y": 31_557_600, "byte": 1, "KiB": 1024, "MiB": 1024**2, "%": 0.01, "th": 1,
}
WORD = "|".join(sorted(WORDS, key=len, reverse=True))
# A word may be one of several; `min` and `ms` are none.
UNIT_FORMS = (f"{unit}s?" if len(unit) > 2 and unit[0].islower() else unit for unit in UNITS)
UNIT = "|".join(sorted(UNIT_FORMS, key=len, reverse=True))
QUANTITY = rf"({WORD}|[\d][\d,.]*\d|\d)(?:[ -]?({UNIT})\b|( ?%))?"


def quantity(number, unit, percent):
    """What a number of a page comes to, in the units of the constants."""
    value = WORDS.get(number)
    if value is None:
        value = float(number.replace(",", ""))
    unit = (percent or unit or "").strip()
    return value * UNITS[unit if unit in UNITS else unit.removesuffix("s")] if unit else value


def expected(expression):
    """What stands in the braces of a sentence: constants, and what is counted with them."""
    named = re.sub(
        r"([a-z_/0-9]+)\.([A-Z][A-Z0-9_]*)", lambda found: repr(constant(found[1], found[2])), expression
    )
    return evaluated(named, "lib")


def fault(words, sentence):
    """What is wrong with a sentence in the words of a page; nothing where it is right."""
    parts = re.split(r"\{([^}]*)\}", sentence)
    texts, expressions = parts[::2], parts[1::2]
    pattern = re.escape(texts[0])
    for text in texts[1:]:
        pattern += QUANTITY + re.escape(text)
    found = re.search(pattern, words)
    if not found:
        return "the page has no such sentence"
    for number, expression in enumerate(expressions):
        says = quantity(*found.groups()[3 * number : 3 * number + 3])
        try:
            value = expected(expression)
        except LookupError as gone:
            return str(gone)
        if abs(says - value) > 1e-9 * max(1, abs(value)):
            return f"the page says {says:g} and {expression} is {value:g}"
    return ""


def check_itself(tally):
    row = "at most {grpc/event_ingest.BATCH_EVENTS_MAX} events, within {app.CALLS_PATIENCE}"
    right = constant("grpc/event_ingest", "BATCH_EVENTS_MAX"), constant("app", "CALLS_PATIENCE")
    for events, seconds, holds in ((*right, True), (right[0] + 1, right[1], False), (right[0], right[1] + 1, False)):
        said = fault(f"It is at most {events:,} events, within {seconds} s.", row)
        tally.claim(not said if holds else "the page says" in said, "a wrong number is noticed", said)
    gone = fault("It is 1.", "It is {app.NO_SUCH_CONSTANT}.")
    tally.claim("has no constant" in gone, "a constant that is gone is noticed", gone)
    tally.claim(fault("Nothing.", row) == "the page has no such sentence", "a sentence that is gone is noticed")


def check_steps(tally):
    """The steps of histograms that docs/metrics.md lists are those of the code."""
    words = Page("docs/metrics.md", (ROOT / "docs/metrics.md").read_text(encoding="utf-8")).words()
    code = (ROOT / "src/telemetry/metrics.rs").read_text(encoding="utf-8")
    for name, before in (("STEPS_SECONDS", "steps at "), ("STEPS_OF_WAITS_SECONDS", "that of delays at ")):
        [listed] = re.findall(rf"const {name}: [^=]*=\s*\[([^\]]*)\]", code)
        millis, seconds = re.search(rf"{before}([\d., and]+) ms, ([\d., and]+) s\b", words).groups()
        says = [float(n) / 1000 for n in numbers(millis)] + [float(n) for n in numbers(seconds)]
        tally.claim(says == [float(n) for n in numbers(listed)], f"docs/metrics.md has {name}", f"{says}: {listed}")


def numbers(text):
    return re.findall(r"\d+(?:\.\d+)?", text.replace("_", ""))


def check_growth(tally):
    """The table of docs/scaling.md on what is stored is calculated from what it says below it."""
    page = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")
    day, size = re.search(r"\(([\d,]+) s a day, ([\d,]+) bytes for each", page).groups()
    day, size = (int(number.replace(",", "")) for number in (day, size))
    units = {"million": 1e6, "billion": 1e9, "GB": 1e9, "TB": 1e12}
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) (\w+) \| ([\d.]+) (\w+) \|", page, re.M)
    tally.claim(len(rows) > 3, "docs/scaling.md has the table")
    for rate, count, count_unit, stored, stored_unit in rows:
        deliveries = int(rate.replace(",", "")) * day * 30
        for says, value in (
            (float(count) * units[count_unit], deliveries), (float(stored) * units[stored_unit], deliveries * size),
        ):
            tally.claim(abs(says / value - 1) < 0.02, f"docs/scaling.md: {rate} a second", f"{says:g}: {value:g}")


def main():
    tally = Tally("figures")
    check_itself(tally)
    check_steps(tally)
    check_growth(tally)
    for name, sentences in SENTENCES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        # What explains the contract is in its comments.
        words = Page(name, re.sub(r"^ *// ?", "", text, flags=re.M)).words()
        for sentence in sentences:
            said = fault(words, sentence)
            tally.claim(not said, f"{name}: {sentence}", said)
    for name, pattern, source, source_pattern in TEXTS:
        page = Page(name, (ROOT / name).read_text(encoding="utf-8")).words()
        found = re.search(pattern, page)
        other = re.search(source_pattern, (ROOT / source).read_text(encoding="utf-8"))
        says, has = (each and [re.sub(r"[,_]", "", number) for number in each.groups()] for each in (found, other))
        claim = f"{name} has {pattern} as {source} has {source_pattern}"
        tally.claim(says and says == has, claim, f"{says} and {has}")
    tally.finish()


if __name__ == "__main__":
    main()
