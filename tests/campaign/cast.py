"""Who takes part in a campaign: accounts, endpoints with what their receivers are like, and what is
published how often. Written to cast.json, which programs in other languages read too.
"""

import base64
import dataclasses
import json
import random

# How often each account, and each type, is published; one line of the contract's `data` each.
ACCOUNTS = {"acct_calm": 5, "acct_busy": 5, "acct_rough": 2}
KINDS = {
    "customer_created": 10, "booking_created": 5, "lead_qualified": 2, "workflow_triggered": 1,
    "review_created": 1,
}
TYPES = [kind.replace("_", ".", 1) for kind in KINDS]
# Deadline of a request; a lease is twice this and 10 s.
REQUEST_TIMEOUT_SECONDS = 2
LEASE_SECONDS = 2 * REQUEST_TIMEOUT_SECONDS + 10
# Longer than most faults, so that few deliveries are given up because of one.
RETRY_SECONDS = (1, 2, 4, 8)
# What may be under way to one endpoint, over all replicas; and what a crash may repeat of it: these, and
# for each seven that were answered and not recorded yet (docs/delivery-states.md).
IN_FLIGHT = 4
UNDER_WAY = 8 * IN_FLIGHT
# The one that an endpoint begins with and those that it is rotated to.
SECRETS = 6


@dataclasses.dataclass
class Endpoint:
    """An endpoint: `server` is the language of its receiver, `behaviour` how that answers, `fate` what is
    done to it meanwhile."""

    name: str
    account: str
    types: list
    server: str = "python"
    behaviour: str = "good"
    fate: str = "kept"
    secrets: list = dataclasses.field(default_factory=list)

    @property
    def is_steady(self):
        """Whether what it gets is fixed by what is published."""
        return self.fate in ("kept", "rotated") and self.behaviour != "gone"


def endpoints(seed):
    """All of them. What fails often subscribes to what is rare: its attempts take long."""
    chosen = [
        Endpoint("calm-python", "acct_calm", []),
        Endpoint("calm-go", "acct_calm", ["customer.*"], "go"),
        Endpoint("calm-slow", "acct_calm", ["booking.*"], behaviour="slow"),
        Endpoint("calm-changed", "acct_calm", ["customer.created"], fate="changed"),
        Endpoint("busy-typescript", "acct_busy", [], "typescript"),
        Endpoint("busy-rotated", "acct_busy", ["booking.*", "lead.*"], "typescript", fate="rotated"),
        Endpoint("busy-switched", "acct_busy", ["customer.*", "booking.*"], "go", fate="switched"),
        Endpoint("busy-flapping", "acct_busy", ["customer.*"], behaviour="flapping"),
        Endpoint("rough-go", "acct_rough", [], "go"),
        Endpoint("rough-hanging", "acct_rough", ["review.*"], behaviour="hanging"),
        Endpoint("rough-refusing", "acct_rough", ["lead.*"], behaviour="refusing"),
        Endpoint("rough-throttling", "acct_rough", ["customer.*"], behaviour="throttling"),
        Endpoint("rough-gone", "acct_rough", ["workflow.*"], behaviour="gone", fate="switched"),
        Endpoint("rough-closing", "acct_rough", ["booking.*"], behaviour="closing"),
        Endpoint("rough-endless", "acct_rough", ["review.*", "lead.*"], behaviour="endless"),
        Endpoint("rough-moody", "acct_rough", ["booking.*", "workflow.*"], behaviour="moody"),
    ]
    drawn = random.Random(f"secrets {seed}")
    for endpoint in chosen:
        endpoint.secrets = [
            "whsec_" + base64.b64encode(drawn.randbytes(32)).decode() for _ in range(SECRETS)]
    return chosen


def matches(types, name):
    """Whether a subscription takes a type."""
    return not types or any(
        one == name or one.endswith(".*") and name.startswith(one[:-1]) for one in types)


def write(path, seed, replicas, chosen):
    """What programs in other languages read."""
    path.write_text(json.dumps({
        "seed": seed,
        "replicas": [f"http://{address}" for address in replicas],
        "accounts": ACCOUNTS, "kinds": KINDS,
        "endpoints": [dataclasses.asdict(endpoint) for endpoint in chosen],
    }))
