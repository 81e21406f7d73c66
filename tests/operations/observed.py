#!/usr/bin/env python3
"""A real Prometheus asks the real service, under a small load, and evaluates what deploy/ has: each
metric that is documented has data, each expression of the dashboard shows some, each of the rules is
evaluated, and an alert fires for a fault that is provoked.
"""

import contextlib
import tempfile
import threading

from bookora.webhooks import Client
from bookora.webhooks.v1 import (
    BookingCreated, CreateEndpointRequest, CustomerCreated, Endpoint, LeadQualified,
    PublishEventRequest, WatchDeliveriesRequest,
)
from expressions import documented, of_panel, panels
from stand import Receiver, Tally, eventually, prometheus, service, stop_on_signals

# Panels of what does not happen here.
EMPTY = {"Operations that failed"}
PUBLISH_SECONDS = 0.02
# It is gone (410), which suspends an endpoint at once and closes its deliveries.
STATUSES = {"/well": 204, "/ill": 503, "/gone": 410}
FIRES = "BookoraEndpointSuspended"


def register(client, url):
    for path, kind in (("/well", "customer.*"), ("/ill", "lead.*"), ("/gone", "booking.*")):
        endpoint = Endpoint(account_id="acct_1", url=url + path, event_types=[kind])
        client.endpoint_admin.CreateEndpoint(CreateEndpointRequest(endpoint=endpoint))


def request(number):
    """Mostly for the receiver that is well."""
    sort = {3: {"lead_qualified": LeadQualified(lead_id="lead_1", lead_name="Ada", score=0.9, threshold=0.5)}}
    data = sort.get(number % 10, {"customer_created": CustomerCreated(
        customer_id=f"cus_{number}", customer_name="Ada")})
    return PublishEventRequest(account_id="acct_1", idempotency_key=f"{number}", **data)


def publish(client, is_over):
    """A steady load, and now and then an event that was published before."""
    number = 0
    while not is_over.wait(PUBLISH_SECONDS):
        number += 1
        client.publish(request(number if number % 7 else number - 1))


def suspend(client):
    """Publishes what is for the receiver that is gone."""
    booking = BookingCreated(
        booking_id="bkg_1", customer_id="cus_1", customer_name="Ada", service="Massage", price=1)
    booking.start_time.FromJsonString("2026-12-01T09:00:00Z")
    booking.end_time.FromJsonString("2026-12-01T10:00:00Z")
    client.publish(PublishEventRequest(account_id="acct_1", booking_created=booking))


def firing(seen):
    alerts = seen.ask("alerts")["data"]["alerts"]
    return [each for each in alerts if each["state"] == "firing"]


def check_metrics(tally, seen):
    for name, is_histogram in documented().items():
        series = f"{name}_count" if is_histogram else name
        has_data = seen.number(f'count({series}{{job="bookora-webhooks"}})')
        tally.claim(has_data, f"{name} has data")


def check_dashboard(tally, seen):
    for panel in panels():
        for expression in of_panel(panel):
            answer = seen.query(expression)
            tally.claim(answer["status"] == "success", f"{expression} is PromQL", str(answer))
            shows = answer.get("data", {}).get("result")
            tally.claim(bool(shows) or panel["title"] in EMPTY, f"{panel['title']} shows data", expression)


def check_rules(tally, seen):
    groups = seen.ask("rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    tally.claim(len(rules) >= 10, "the rules are loaded", str(rules))
    for rule in rules:
        tally.claim(rule["health"] == "ok", f"{rule['name']} is evaluated", str(rule))


def main():
    stop_on_signals()
    tally, is_over = Tally("observed"), threading.Event()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        hooks = stack.enter_context(Receiver(lambda path, *_: STATUSES[path]))
        served = stack.enter_context(service(folder, arguments=["--retry-schedule=1s"]))
        seen = stack.enter_context(prometheus(folder, [served.ops]))
        client = stack.enter_context(Client(f"http://{served.address}"))
        stack.enter_context(client.watch(WatchDeliveriesRequest(account_id="acct_1")))
        register(client, hooks.url)
        load = threading.Thread(target=publish, args=(client, is_over))
        load.start()
        try:
            eventually("rates have two points, and retries are given up", lambda: (seen.number(
                'sum(rate(bookora_deliveries_closed_total{state="failed"}[10s]))') or 0) > 0)
            eventually("all rules were evaluated", lambda: all(
                rule["health"] != "unknown" for group in seen.ask("rules")["data"]["groups"]
                for rule in group["rules"]))
            check_metrics(tally, seen)
            check_dashboard(tally, seen)
            check_rules(tally, seen)
            fired = {each["labels"]["alertname"] for each in firing(seen)}
            tally.claim(FIRES not in fired, f"{FIRES} does not fire before", str(fired))
            suspend(client)
            alerts = eventually("the alert fires", lambda: [
                each for each in firing(seen) if each["labels"]["alertname"] == FIRES])
            summary = alerts[0]["annotations"]["summary"]
            tally.claim(summary == "An endpoint was suspended", "it says why", summary)
        finally:
            is_over.set()
            load.join()
    tally.finish()


if __name__ == "__main__":
    main()
