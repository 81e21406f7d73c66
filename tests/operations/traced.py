#!/usr/bin/env python3
"""Follows one trace: from a publisher in Python with a `traceparent` of its own, through the service
and the deployed configuration of the collector, to the header that the receiver is sent, over one
retry. Then whether the collector also hands on metrics and logs.
"""

import gzip
import json
import tempfile

from bookora.webhooks import Client
from bookora.webhooks.v1 import (
    CreateEndpointRequest, CustomerCreated, Endpoint, PublishEventRequest,
)
from stand import Receiver, Tally, collector, eventually, service, stop_on_signals

TRACE, PUBLISHER_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PUBLISHER_SPAN}-01"
CLIENT_KIND, SERVER_KIND = 3, 2


class Backend:
    """What a collector hands on to; it keeps all spans and the kinds of signals that came."""

    def __init__(self):
        self.spans, self.signals = [], set()

    def take(self, path, headers, body):
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.signals.add(path)
        for resource in json.loads(body).get("resourceSpans", []):
            for scope in resource["scopeSpans"]:
                self.spans += scope["spans"]
        return 200

    def of_trace(self):
        return [span for span in self.spans if span["traceId"] == TRACE]

    def attempts(self):
        """The spans of attempts, in their order."""
        attempts = [span for span in self.of_trace() if span["kind"] == CLIENT_KIND]
        return sorted(attempts, key=lambda span: int(span["startTimeUnixNano"]))


def publish(address, url):
    with Client(f"http://{address}") as client:
        endpoint = Endpoint(account_id="acct_1", url=f"{url}/hooks", event_types=["customer.*"])
        client.endpoint_admin.CreateEndpoint(CreateEndpointRequest(endpoint=endpoint))
        request = PublishEventRequest(
            account_id="acct_1", idempotency_key="cus_1 created",
            customer_created=CustomerCreated(customer_id="cus_1", customer_name="Zoë Baker"))
        client.event_ingest.PublishEvent(request, metadata=[("traceparent", TRACEPARENT)])


def check(tally, backend, hooks):
    sent = [headers["traceparent"].split("-") for _, headers, _ in hooks.requests]
    tally.claim([parts[1] for parts in sent] == [TRACE, TRACE],
                "the receiver gets the publisher's trace at each attempt", str(sent))
    attempts = backend.attempts()
    spans = json.dumps(backend.of_trace(), indent=1)
    tally.claim([parts[2] for parts in sent] == [span["spanId"] for span in attempts],
                "each header names the span of its attempt", spans)
    by_id = {span["spanId"]: span for span in backend.of_trace()}
    calls = [span for span in by_id.values() if span["parentSpanId"] == PUBLISHER_SPAN]
    tally.claim([span["kind"] for span in calls] == [SERVER_KIND],
                "the call is the publisher's child", spans)
    for attempt in attempts:
        commit = by_id.get(attempt["parentSpanId"], {})
        tally.claim(commit.get("parentSpanId") == calls[0]["spanId"],
                    "an attempt belongs to the commit, and that to the call", spans)
    linked = [link["spanId"] for link in attempts[1].get("links", [])]
    tally.claim(linked == [attempts[0]["spanId"]], "the retry links to the first attempt", spans)
    text = json.dumps(backend.spans)
    for canary in ("Zoë Baker", "/hooks", "cus_1"):
        tally.claim(canary not in text, f"no span has {canary}")


def main():
    stop_on_signals()
    tally, backend = Tally("traced"), Backend()
    answers = iter([503])
    variables = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "500",
                 "RUST_LOG": "info"}
    with (
        tempfile.TemporaryDirectory() as folder,
        Receiver(backend.take) as kept,
        collector(folder, kept.url) as otlp,
        Receiver(lambda *_: next(answers, 204)) as hooks,
        service(folder, arguments=["--retry-schedule=1s"], OTEL_EXPORTER_OTLP_ENDPOINT=otlp,
                **variables) as served,
    ):
        publish(served.address, hooks.url)
        eventually("both attempts are at the backend", lambda: len(backend.attempts()) == 2)
        eventually("the call and the commit are there too", lambda: len(backend.of_trace()) >= 4)
        check(tally, backend, hooks)
        wanted = {"/v1/traces", "/v1/metrics", "/v1/logs"}
        eventually("metrics and logs come through too", lambda: backend.signals == wanted)
    tally.finish()


if __name__ == "__main__":
    main()
