"""All that was noted in a campaign, read together: what was published and acknowledged, what receivers got,
what watchers saw, what was done to endpoints and processes, and what the service itself says in the end.
"""

import collections
import dataclasses
import hashlib
import math
import re

import grpc

from bookora.webhooks import Client
from bookora.webhooks.v1 import Delivery, DeliveryFilter, ListDeliveriesRequest, ListEventsRequest
from journal import notes

PAGE = 1_000
CALL_SECONDS = 30
PENDING, RETRYING, SUCCEEDED, FAILED, CANCELLED = range(1, 6)
CODES = {code.value[0]: code.name for code in grpc.StatusCode}
STATES = {number: name.removeprefix("STATE_") for name, number in Delivery.State.items()}


@dataclasses.dataclass
class Records:
    """What there is; each field is read by the verdict and by the report."""

    tries: dict
    acknowledged: dict
    unclear: collections.Counter
    receipts: list
    watched: dict
    hops: collections.Counter
    endpoints: dict
    changes: dict
    meddled: dict
    faults: list
    stage: list
    replicas: list
    logs: dict
    # By id: what the service says after the load.
    deliveries: dict = dataclasses.field(default_factory=dict)
    events: dict = dataclasses.field(default_factory=dict)


def read(folder, endpoints, replicas):
    """Reads what is in a folder."""
    tries, acknowledged, unclear = published(folder)
    watched, hops = seen(folder)
    ids, changes, meddled = kept(folder)
    return Records(
        tries, acknowledged, unclear,
        [note for path in sorted(folder.glob("*.receive.jsonl")) for note in notes(path)],
        watched, hops,
        {ids[one.name]: one for one in endpoints if one.name in ids}, changes, meddled,
        [note for note in notes(folder / "faults.jsonl") if note["e"] == "fault"],
        [*notes(folder / "stage.jsonl"), *lanes_that_broke(folder)], replicas,
        {path.name: path.read_text(errors="replace") for path in folder.glob("*.log")},
    )


def lanes_that_broke(folder):
    return [note for note in notes(folder / "faults.jsonl") if note["e"] == "lane"]


def published(folder):
    tries, acknowledged, unclear = {}, {}, collections.Counter()
    for path in sorted(folder.glob("*.publish.jsonl")):
        for note in notes(path):
            if note["e"] == "try":
                tries[note["k"]] = note
            elif note["e"] == "ack":
                acknowledged.setdefault(note["k"], []).append(note)
            else:
                unclear[canonical(note["why"])] += 1
    return tries, acknowledged, unclear


def canonical(why):
    """A reason, or a code as gRPC spells it: languages have their own ways."""
    if why.isdigit():
        return CODES[int(why)]
    return why if why.isupper() else re.sub("(?<=[a-z])(?=[A-Z])", "_", why).upper()


def seen(folder):
    """By watcher and delivery what it saw, in order; and how often each has hopped."""
    watched, hops = {}, collections.Counter()
    for path in sorted(folder.glob("*.watch.jsonl")):
        for note in notes(path):
            if "hop" in note:
                hops[note["w"]] += 1
            elif "d" in note:
                watched.setdefault(note["w"], {}).setdefault(note["d"], []).append(note)
    return watched, hops


def kept(folder):
    """Ids by name; by name the states that an endpoint had, in order; and what was asked for of deliveries."""
    ids, changes, meddled = {}, {}, collections.defaultdict(set)
    for note in notes(folder / "keeper.jsonl"):
        if note["e"] == "registered":
            ids[note["p"]] = note["id"]
            changes[note["p"]] = [{"begin": -math.inf, "end": -math.inf, "types": note["types"], "on": True}]
        elif note["e"] == "doubted":
            put(changes[note["p"]], {**note, "end": math.inf})
        elif note["e"] == "became":
            put(changes[note["p"]], note)
        elif "d" in note:
            meddled[note["e"]].add(note["d"])
    return ids, changes, meddled


def put(states, note):
    """A change that was in doubt before is known now."""
    if states[-1]["begin"] == note["begin"]:
        states.pop()
    states.append(note)


def ask(records, address):
    """Adds what the service says."""
    with Client(f"http://{address}", timeout=CALL_SECONDS) as client:
        request = ListDeliveriesRequest(account_id="-", page_size=PAGE)
        for one in pages(client.delivery_query.ListDeliveries, request, "deliveries"):
            records.deliveries[one.delivery_id] = {
                "d": one.delivery_id, "id": one.event_id, "endpoint": one.endpoint_id, "account": one.account_id,
                "s": one.state, "why": one.state_reason, "r": one.revision}
        request = ListEventsRequest(account_id="-", page_size=PAGE)
        for one in pages(client.delivery_query.ListEvents, request, "events"):
            records.events[one.event_id] = {
                "a": one.account_id, "y": one.event_type, "h": hashlib.sha256(one.payload.encode()).hexdigest()}


def pages(method, request, field):
    while True:
        page = method(request)
        yield from getattr(page, field)
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def count_open(address):
    """How many deliveries are open, as far as one page has them."""
    with Client(f"http://{address}", timeout=CALL_SECONDS) as client:
        shown = DeliveryFilter(states=[Delivery.STATE_PENDING, Delivery.STATE_RETRYING])
        request = ListDeliveriesRequest(account_id="-", filter=shown, page_size=PAGE)
        return len(client.delivery_query.ListDeliveries(request).deliveries)
