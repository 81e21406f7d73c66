"""The report of a campaign, in Markdown: what it was, what was injected, what was counted, and the verdict."""

import collections
import os
import pathlib
import platform
import subprocess

import verdict
from fleet import chosen_program
from records import FAILED, STATES

# Of what contradicts a claim.
SHOWN = 20


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def table(*heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(": ")[1].strip() for line in file if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def build():
    """Which build was driven: a debug build has failpoints and checks that a release has not."""
    path = pathlib.Path(chosen_program())
    return "debug" if "debug" in path.parts else path.parent.name


def facts(stage, seconds):
    postgres = [["PostgreSQL", output(stage.postgres.programs / "postgres", "--version")]] if stage.postgres else []
    disk = "of its own, in memory" if stage.disk.can_fill else "the machine's: it could not be filled"
    clocks = "each replica its own" if stage.has_clocks else "the machine's: they could not be set"
    return table("", "", rows=[
        ["database", f"{stage.database}, {len(stage.fleet.replicas)} process(es)"], *postgres,
        ["program", f"{output(chosen_program(), '--version')}, {build()} build"],
        ["clients", f"Python {platform.python_version()}, {output('go', 'version').removeprefix('go version ')}, "
                    f"Node {output('node', '--version')}"],
        ["machine", machine()],
        ["seed", stage.seed], ["load", f"{seconds:.0f} s"], ["file system", disk], ["clocks", clocks],
    ])


def injected(records, kinds):
    counts = collections.Counter(fault["kind"] for fault in records.faults)
    seconds = collections.Counter()
    for fault in records.faults:
        seconds[fault["kind"]] += fault["end"] - fault["begin"]
    rows = [[kind, counts[kind], f"{seconds[kind]:.0f}"] for kind in kinds]
    return table("Fault", "times", "seconds in all", rows=[*rows, ["**all**", sum(counts.values()), ""]])


def worst(records):
    """The longest time from the first try to publish to the receipt, at endpoints that are always well; and
    the faults that went on meanwhile."""
    first = {}
    for receipt in records.receipts:
        event = receipt["id"], receipt["p"]
        first[event] = min(first.get(event, receipt["t"]), receipt["t"])
    delays = []
    for publish in verdict.publishes(records):
        for endpoint in records.endpoints.values():
            arrived = first.get((publish["id"], endpoint.name))
            if arrived and endpoint.is_steady and endpoint.behaviour == "good":
                delays.append((arrived - publish["begin"], publish["begin"], arrived, endpoint.name))
    if not delays:
        return "", ""
    longest = max(delays)
    during = [fault["kind"] for fault in records.faults if fault["begin"] < longest[2] and longest[1] < fault["end"]]
    # Half of them, and all but one in a hundred.
    ordered = sorted(delay[0] for delay in delays)
    usual = f"{ordered[len(ordered) // 2]:.3f} s, {ordered[len(ordered) * 99 // 100]:.1f} s"
    return usual, f"{longest[0]:.1f} s, to {longest[3]}, during: {', '.join(during) or 'no fault'}"


def counts(records):
    states = collections.Counter(STATES[one["s"]] for one in records.deliveries.values())
    known = {answer["id"] for answers in records.acknowledged.values() for answer in answers}
    usual, longest = worst(records)
    again = list(verdict.repeats(records))
    unclear = ", ".join(f"{why} {number}" for why, number in records.unclear.most_common())
    return table("", "", rows=[
        ["events handed in", len(records.tries)],
        ["of them acknowledged", len(records.acknowledged)],
        ["tried once and never acknowledged", f"{len(records.tries) - len(records.acknowledged)}, of which "
                                              f"{len(records.events.keys() - known)} are stored"],
        ["answers that were no acknowledgement", f"{sum(records.unclear.values())}: {unclear}"],
        ["deliveries", f"{len(records.deliveries)}: " + ", ".join(f"{name} {n}" for name, n in states.most_common())],
        ["requests that receivers got", len(records.receipts)],
        ["repeated", f"{len(again)}, of at most {verdict.repeats_max(records)}"],
        ["**events acknowledged and lost**", f"**{verdict.lost(records)}**"],
        ["from the first try to the receipt, where the receiver is well: half within, 99 % within", usual],
        ["the longest", longest],
        ["cancelled, sent again by hand", f"{len(records.meddled['cancel'])}, {len(records.meddled['resend'])}"],
        ["changes of endpoints", sum(len(states) - 1 for states in records.changes.values())],
    ])


def failed(records):
    """What FAILED, by endpoint and reason."""
    found = collections.Counter()
    for one in records.deliveries.values():
        if one["s"] == FAILED:
            found[records.endpoints[one["endpoint"]].name, one["why"]] += 1
    return table("Endpoint", "Why it FAILED", "deliveries", rows=[
        [name, why, number] for (name, why), number in sorted(found.items())])


def watchers(records):
    return table("Watcher", "deliveries", "changes", "hops", rows=[
        [name, len(seen), sum(map(len, seen.values())), records.hops[name] or "by itself"]
        for name, seen in sorted(records.watched.items())])


def processes(records):
    stops = [note["seconds"] for note in records.stage if note["e"] == "stopped"]
    failures = sum(note["e"] == "start failed" for note in records.stage)
    lines = table("Replica", "memory at the end", "at most", "open files at the end", "at most", rows=[
        [one["name"], f"{one['rss_bytes'] >> 20} MiB", f"{one['rss_bytes_max'] >> 20} MiB", one["files"],
         one["files_max"]] for one in records.replicas])
    return (f"{lines}\n\nStops by SIGTERM: {len(stops)}, the longest took {max(stops, default=0)} s. Starts that "
            f"failed and were made again, as there was no database: {failures}.")


def judged(findings):
    lines = [table("Claim", "holds", rows=[
        [claim.__doc__.split("\n")[0].rstrip("."), "yes" if not found else f"**NO**: {len(found)}"]
        for claim, found in findings.items()])]
    for claim, found in findings.items():
        if found:
            shown = "\n".join(found[:SHOWN])
            lines.append(f"\n{claim.__doc__}:\n\n```text\n{shown}\n```")
    return "\n".join(lines)


def write(stage, seconds, records, kinds, findings):
    """The whole of it."""
    again = f"make campaign DB={stage.database} MINUTES={max(1, round(seconds / 60))} SEED={stage.seed}"
    outcome = "every claim holds" if not any(findings.values()) else "a claim does not hold"
    return "\n\n".join([
        f"# Fault campaign on {stage.database}: {outcome}",
        f"Written by `{again}`. The seed draws the faults and the load; when exactly they meet is the machine's "
        "doing, so another run is another search.",
        facts(stage, seconds), "## What was injected", injected(records, kinds),
        "## What came of it", counts(records), failed(records),
        "## Watchers", watchers(records), "## Processes", processes(records),
        "## Verdict", judged(findings),
    ]) + "\n"
