#!/usr/bin/env python3
"""`make campaign`: random load on the real program, random faults in it and around it, and an external
ledger. Says what was injected, counted and lost, in Markdown; exits with 1 where anything was, and keeps its
notes and logs.

    campaign.py --database sqlite|postgres [--seconds 1800] [--seed N] [--report FILE] [--quick]
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "operations"))
# Programs are started while calls are under way; their copies of this process call nobody.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

import disk  # noqa: E402
import records  # noqa: E402
import report  # noqa: E402
import verdict  # noqa: E402
from doubt import doubt  # noqa: E402
from fault import Faults  # noqa: E402
from journal import Journal  # noqa: E402
from stage import Stage  # noqa: E402
from stand import stop_on_signals  # noqa: E402

# From the last fault's end: the longest retry, leases, and what had piled up.
SETTLE_SECONDS = 180
# Watchers that were waiting for a stream to be opened again.
CATCH_UP_SECONDS = 60
LOOK_SECONDS = 1.0
SEED_MAX = 1 << 31
# For `make test`: the same each time, and less time between faults.
QUICK_SECONDS = 40
QUICK_SEED = 1
QUICK_PACE = 0.3


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=1_800)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="a short one, and doubts of the verdict")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.seed = QUICK_SECONDS, QUICK_SEED
    return options


def say(line):
    print(f"campaign: {line}", flush=True)


def until(seconds, is_so):
    """Whether it was so in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def play(stage, faults, seconds):
    """The load and the faults; then all heals, and everything comes to its end."""
    stage.publish()
    faults.start()
    threading.Event().wait(seconds)
    faults.stop()
    stage.rest()
    address = stage.fleet.replicas[0].address
    say("the load is over, all is healed: waiting until nothing is open")
    if not until(SETTLE_SECONDS, lambda: records.count_open(address) == 0):
        say(f"not within {SETTLE_SECONDS} s")


def gather(stage):
    """What was noted, and what the service says, once the watchers have seen it."""
    replicas = [vars_of(replica) for replica in stage.fleet.replicas]
    known = records.read(stage.folder, stage.endpoints, replicas)
    records.ask(known, stage.fleet.replicas[0].address)

    def has_seen_all():
        known.watched, known.hops = records.seen(stage.folder)
        return not any(verdict.watched(known))

    until(CATCH_UP_SECONDS, has_seen_all)
    return known


def vars_of(replica):
    replica.look()
    return {name: getattr(replica, name) for name in (
        "name", "rss_bytes", "rss_bytes_max", "files", "files_max")}


def finish(known, folder):
    """What the end of the stage adds: how processes ended, and the rest of their logs."""
    last = records.read(folder, [], [])
    known.stage, known.logs, known.receipts = last.stage, last.logs, last.receipts


def run(options, folder):
    with Stage(folder, options.database, options.seed) as stage:
        pace = QUICK_PACE if options.quick else 1
        faults = Faults(stage, options.seed, Journal(folder / "faults.jsonl"), options.seconds, pace)
        say(f"{options.database}, seed {options.seed}, {options.seconds:.0f} s, notes in {folder}")
        for missing in stage.missing():
            say(f"SKIPPED: {missing}")
        play(stage, faults, options.seconds)
        known = gather(stage)
    finish(known, folder)
    findings = verdict.judge(known)
    text = report.write(stage, options.seconds, known, faults.kinds, findings)
    (options.report or folder / "report.md").write_text(text, encoding="utf-8")
    if not options.report and not options.quick:
        print(text)
    return known, findings


def main():
    stop_on_signals()
    options = arguments()
    disk.enter_namespace()
    options.seed = random.randrange(SEED_MAX) if options.seed is None else options.seed
    folder = pathlib.Path(tempfile.mkdtemp(prefix="campaign-"))
    # PostgreSQL's own user passes through it.
    folder.chmod(0o711)
    known, findings = run(options, folder)
    broken = [claim.__doc__ for claim, found in findings.items() if found]
    for claim in broken:
        say(f"FAILED: {claim}")
    if options.quick and not broken:
        broken = list(doubt(known))
        for one in broken:
            say(f"FAILED: {one}")
    say(f"{len(known.acknowledged)} events acknowledged, {len(known.faults)} faults, {verdict.lost(known)} lost, "
        f"{len(list(verdict.repeats(known)))} repeated")
    if broken:
        say(f"seed {options.seed}; notes and logs are in {folder}")
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
