"""Doubts the verdict: into what was noted in a campaign that went well a fault is put, one for each claim,
and the verdict has to notice.
"""

import copy

import verdict
from records import SUCCEEDED


def steady(records):
    """An acknowledged publish, and its delivery to an endpoint that nobody changed."""
    for publish in verdict.publishes(records):
        for name, one in records.deliveries.items():
            endpoint = records.endpoints[one["endpoint"]]
            if one["id"] == publish["id"] and one["s"] == SUCCEEDED and endpoint.is_steady:
                return publish, name, one
    raise LookupError("a campaign has acknowledged events that succeeded")


def lose_event(records):
    publish, _, _ = steady(records)
    del records.events[publish["id"]]


def forget_key(records):
    publish, _, _ = steady(records)
    records.acknowledged[publish["key"]].append({**records.acknowledged[publish["key"]][0], "id": "evt_other"})


def lose_delivery(records):
    _, name, _ = steady(records)
    del records.deliveries[name]


def miscount(records):
    publish, _, _ = steady(records)
    records.acknowledged[publish["key"]][0]["n"] += 1


def leave_open(records):
    _, _, one = steady(records)
    one["s"] = verdict.RETRYING


def lose_receipts(records):
    _, name, _ = steady(records)
    records.receipts = [each for each in records.receipts if each["d"] != name]


def cancel(records):
    _, _, one = steady(records)
    one["s"] = verdict.CANCELLED


def forge(records):
    records.receipts[0]["v"] = False


def change_bytes(records):
    _, name, _ = steady(records)
    again = next(dict(each) for each in records.receipts if each["d"] == name)
    records.receipts.append({**again, "h": "0"})


def misdirect(records):
    records.receipts[0]["p"] = "nobody"


def repeat(records):
    _, name, _ = steady(records)
    again = next(dict(each) for each in records.receipts if each["d"] == name)
    records.faults = []
    records.receipts.append(again)


def miss_revision(records):
    seen = next(iter(records.watched.values()))
    notes = next(notes for notes in seen.values() if len(notes) > 1)
    del notes[0]


def stray(records):
    seen = next(iter(records.watched.values()))
    next(iter(seen.values()))[-1]["s"] = 0


def die(records):
    records.stage.append({"e": "ended by itself", "replica": "replica-1", "status": 1})


def panic(records):
    records.logs["replica-1.log"] += "\nthread 'main' panicked at src/main.rs:1:1"


def swell(records):
    records.replicas[0]["rss_bytes"] = verdict.RSS_BYTES_MAX + 1


# Two for what a watcher may see: a gap, and what is no arrow.
DOUBTS = (
    (verdict.stored, lose_event), (verdict.keyed, forget_key), (verdict.made, lose_delivery),
    (verdict.counted, miscount), (verdict.ended, leave_open), (verdict.received, lose_receipts),
    (verdict.explained, cancel), (verdict.verified, forge), (verdict.alike, change_bytes),
    (verdict.wanted, misdirect), (verdict.repeated, repeat), (verdict.watched, miss_revision),
    (verdict.watched, stray), (verdict.lived, die), (verdict.calm, panic), (verdict.bounded, swell),
)


def doubt(records):
    """What the verdict did not notice."""
    assert {claim for claim, _ in DOUBTS} == set(verdict.CLAIMS), "each claim is doubted"
    for claim, tamper in DOUBTS:
        copied = copy.deepcopy(records)
        tamper(copied)
        if not list(claim(copied)):
            yield f"{tamper.__name__}: not noticed by “{claim.__doc__}”"
