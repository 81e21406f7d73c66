"""The verdict on a campaign: each claim is a function that gives what contradicts it. `doubt` shows that each
of them can fail.
"""

import collections
import math
import re

import cast
from records import CANCELLED, FAILED, PENDING, RETRYING, SUCCEEDED

# From nothing (0) too: docs/delivery-states.md.
ARROWS = {
    (0, PENDING),
    *((before, after) for before in (PENDING, RETRYING)
      for after in (RETRYING, SUCCEEDED, FAILED, CANCELLED)),
    *((before, PENDING) for before in (SUCCEEDED, FAILED, CANCELLED)),
}
# Clocks of other languages tell milliseconds.
CLOCK_SECONDS = 0.01
# A request that a fault has repeated was made so long before it, or after its end: it was being sent, or its
# outcome was being written.
REACH_SECONDS = 2 * cast.REQUEST_TIMEOUT_SECONDS + 4
RSS_BYTES_MAX = 256 << 20
FILES_MAX = 400
# What INTERNAL was answered for is a bug, by the contract.
ALARM = re.compile(r"panicked|fatal runtime error|internal error incident_id")
# In a program of ours it is an exception that nobody caught.
MISHAP = re.compile(r"Traceback|panic:|Uncaught")


def subscribed(records, endpoint, publish):
    """Whether an event makes a delivery to an endpoint: True, False, or None where it depends on which of the
    endpoint's states it met."""
    if endpoint.behaviour == "gone":
        # Suspended by itself, at times that nobody notes.
        return None
    begin, end = publish["begin"] - CLOCK_SECONDS, publish["end"] + CLOCK_SECONDS
    states = records.changes[endpoint.name]
    answers = set()
    for place, state in enumerate(states):
        until = states[place + 1]["end"] if place + 1 < len(states) else math.inf
        if state["begin"] <= end and begin <= until:
            answers.add(bool(state["on"]) and cast.matches(state["types"], publish["y"]))
    return answers.pop() if len(answers) == 1 else None


def publishes(records):
    """Every acknowledged event, with when it may have been stored."""
    for key, answers in records.acknowledged.items():
        asked = records.tries[key]
        yield {"key": key, "id": answers[0]["id"], "a": asked["a"], "y": asked["y"], "n": answers[0]["n"],
               "begin": asked["t"], "end": answers[0]["t"]}


def by_event(records):
    """The deliveries of each event, by endpoint."""
    found = collections.defaultdict(dict)
    for delivery in records.deliveries.values():
        found[delivery["id"]][delivery["endpoint"]] = delivery
    return found


def stored(records):
    """Every acknowledged event is stored, with its account and type"""
    for publish in publishes(records):
        event = records.events.get(publish["id"])
        if event is None or (event["a"], event["y"]) != (publish["a"], publish["y"]):
            yield f"{publish['key']} was acknowledged as {publish['id']}, which is {event}"


def keyed(records):
    """A key is one event, and an event has one key"""
    ids, keys = collections.defaultdict(set), collections.defaultdict(set)
    pairs = [(key, answer["id"]) for key, answers in records.acknowledged.items() for answer in answers]
    pairs += [(receipt["k"], receipt["id"]) for receipt in records.receipts if receipt["v"]]
    for key, event in pairs:
        ids[key].add(event)
        keys[event].add(key)
    yield from (f"{one}: {many}" for found in (ids, keys) for one, many in found.items() if len(many) > 1)


def made(records):
    """Every acknowledged event has a delivery to each endpoint that subscribed, and to no other"""
    deliveries = by_event(records)
    for publish in publishes(records):
        for endpoint_id, endpoint in records.endpoints.items():
            wanted = endpoint.account == publish["a"] and subscribed(records, endpoint, publish)
            is_there = endpoint_id in deliveries[publish["id"]]
            if wanted is not None and wanted != is_there:
                yield f"{publish['key']} ({publish['id']}) to {endpoint.name}: {is_there}, not {wanted}"


def counted(records):
    """The acknowledgement says how many deliveries there are"""
    deliveries = by_event(records)
    for publish in publishes(records):
        if publish["n"] != len(deliveries[publish["id"]]):
            yield f"{publish['key']}: {publish['n']}, there are {len(deliveries[publish['id']])}"


def ended(records):
    """Every delivery has come to its end"""
    yield from (name for name, one in records.deliveries.items() if one["s"] in (PENDING, RETRYING))


def taken(records):
    """What receivers verified and acknowledged: delivery, endpoint, event."""
    return {(receipt["d"], receipt["p"], receipt["id"]) for receipt in records.receipts
            if receipt["v"] and 200 <= receipt["s"] < 300}


def received(records):
    """What SUCCEEDED was received by its endpoint, verified, and acknowledged by it"""
    arrived = taken(records)
    for name, one in records.deliveries.items():
        if one["s"] == SUCCEEDED and (name, records.endpoints[one["endpoint"]].name, one["id"]) not in arrived:
            yield f"{name} of {one['id']} to {records.endpoints[one['endpoint']].name}"


def explained(records):
    """What FAILED or was CANCELLED says why, and somebody has done that"""
    for name, one in records.deliveries.items():
        endpoint = records.endpoints[one["endpoint"]]
        if one["s"] == FAILED and not one["why"]:
            yield f"{name} FAILED and says nothing"
        asked_for = name in records.meddled["cancel"] and one["why"] == "cancelled by request"
        if one["s"] == CANCELLED and not (one["why"] and (asked_for or endpoint.fate == "switched")):
            yield f"{name} to {endpoint.name} was CANCELLED: {one['why']}"


def verified(records):
    """Every request verifies"""
    yield from (f"{each['d']} to {each['p']}: {each.get('why')}" for each in records.receipts if not each["v"])


def alike(records):
    """Every request for an event has the bytes that are stored"""
    for receipt in records.receipts:
        event = records.events.get(receipt["id"])
        if receipt["v"] and (event is None or event["h"] != receipt["h"]):
            yield f"{receipt['id']} to {receipt['p']}"


def wanted(records):
    """Every request is one of a delivery to that endpoint"""
    for receipt in records.receipts:
        one = records.deliveries.get(receipt["d"])
        if receipt["v"] and (one is None or one["id"] != receipt["id"]
                             or records.endpoints[one["endpoint"]].name != receipt["p"]):
            yield f"{receipt['d']} of {receipt['id']} to {receipt['p']}"


def repeats(records):
    """Requests that were made again with the same number: the first time of each, and the time of the other.
    Not of deliveries that were cancelled: what was under way then was not counted, and its number is used
    again."""
    cancelled = {name for seen in records.watched.values() for name, notes in seen.items()
                 if any(note["s"] == CANCELLED for note in notes)}
    first = {}
    for receipt in sorted(records.receipts, key=lambda one: one["t"]):
        number = receipt["d"], receipt["n"]
        if number in first and receipt["d"] not in cancelled:
            yield receipt, first[number], receipt["t"]
        first.setdefault(number, receipt["t"])


def repeating(records):
    return [fault for fault in records.faults if fault["repeats"]]


def repeats_max(records):
    """As docs/delivery-states.md has it, for each fault."""
    return len(repeating(records)) * len(records.endpoints) * cast.UNDER_WAY


def repeated(records):
    """What was repeated was under way at a fault"""
    count = 0
    for receipt, first, _ in repeats(records):
        count += 1
        if not any(fault["begin"] - REACH_SECONDS <= first <= fault["end"] + REACH_SECONDS
                   for fault in repeating(records)):
            yield f"{receipt['d']} to {receipt['p']}, attempt {receipt['n']}: no fault was near"
    if count > repeats_max(records):
        yield f"{count} requests were repeated, of at most {repeats_max(records)}"


def watched(records):
    """Every watcher saw every revision of every delivery, in order, along the arrows"""
    for watcher, seen in records.watched.items():
        account = watcher.split(", ")[1]
        for name, one in records.deliveries.items():
            if account in ("hopping", one["account"]):
                yield from (f"{watcher}, {name}: {what}" for what in gaps(seen.get(name, []), one))


def gaps(notes, delivery):
    last = {"r": 0, "s": 0}
    for note in notes:
        # At least once: what was seen before counts for nothing.
        if note["r"] <= last["r"]:
            continue
        if note["r"] != last["r"] + 1 or note["p"] != last["s"]:
            yield f"after {last['r']} in {last['s']} came {note['r']}, from {note['p']}"
        if (note["p"], note["s"]) not in ARROWS:
            yield f"from {note['p']} to {note['s']}"
        last = note
    if (last["r"], last["s"]) != (delivery["r"], delivery["s"]):
        yield f"ended at {last['r']} in {last['s']}, not at {delivery['r']} in {delivery['s']}"


def lived(records):
    """No process ended by itself; those that were stopped ended well, and in time"""
    for note in records.stage:
        if note["e"] in ("ended by itself", "never started", "part", "lane") \
                or note["e"] == "stopped" and note["status"] != 0:
            yield str(note)


def calm(records):
    """Nobody panicked, and no call was answered INTERNAL"""
    for name, text in records.logs.items():
        alarm = ALARM if name.startswith("replica") else MISHAP
        yield from (f"{name}: {line}" for line in text.splitlines() if alarm.search(line))


def bounded(records):
    """Memory and open files of every replica are bounded"""
    for replica in records.replicas:
        if replica["rss_bytes"] > RSS_BYTES_MAX or replica["files"] > FILES_MAX:
            yield str(replica)


CLAIMS = (stored, keyed, made, counted, ended, received, explained, verified, alike, wanted, repeated, watched,
          lived, calm, bounded)


def judge(records):
    """What contradicts each claim."""
    return {claim: list(claim(records)) for claim in CLAIMS}


def lost(records):
    """How many events were acknowledged, and to an endpoint that subscribed neither arrived nor say why."""
    deliveries, arrived = by_event(records), taken(records)

    def is_lost(publish, endpoint_id, endpoint):
        one = deliveries[publish["id"]].get(endpoint_id)
        if one is None:
            return endpoint.account == publish["a"] and subscribed(records, endpoint, publish) is True
        return one["s"] in (PENDING, RETRYING) or one["s"] == SUCCEEDED \
            and (one["d"], endpoint.name, publish["id"]) not in arrived

    return sum(publish["id"] not in records.events
               or any(is_lost(publish, *one) for one in records.endpoints.items())
               for publish in publishes(records))
