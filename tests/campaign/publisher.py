#!/usr/bin/env python3
"""Publishes by the Python SDK, one by one, in batches and over streams, at a random rate:
`publisher.py CAST NOTES`. What got no clear answer is published again, to any replica, with the same key;
a few are not, so that nobody knows whether they were. SIGTERM ends it once the rest is acknowledged.
"""

import faulthandler
import json
import pathlib
import random
import signal
import sys
import threading

import grpc

from bookora.webhooks import Client, details_of, result_of
from bookora.webhooks.v1 import (
    BookingCreated, CustomerCreated, LeadQualified, PublishEventRequest, ReviewCreated, WorkflowTriggered,
)
from journal import Journal

# Of each way of publishing, in events a second.
RATE = 4
BATCH_MAX = 20
STREAM_MAX = 40
CALL_SECONDS = 5
# A stream whose replica is paused is given up after this; its events go elsewhere.
STREAM_SECONDS = 8
# Between two tries: what keeps a caller from trying in circles while everything is down.
PAUSE_SECONDS = 0.1
# Of events that are published one by one: tried once, whatever comes of it.
FORSAKEN = 0.2
NAMES = ("Zoë Baker", "Ada", "李雷", "O’Neill & Söhne <GmbH>", "🦊 \"Fox\" \\ Ltd.", "x" * 200)


def data(kind, key, name):
    """What is published; the key is in it, so that receivers can tell which publish it came from."""
    if kind == "booking_created":
        booking = BookingCreated(booking_id="bkg_1", customer_id=key, customer_name=name, service="Massage",
                                 price=150.5)
        booking.start_time.FromJsonString("2026-12-01T09:00:00Z")
        booking.end_time.FromJsonString("2026-12-01T10:00:00Z")
        return booking
    if kind == "lead_qualified":
        return LeadQualified(lead_id="lead_1", lead_name=name, score=0.9, threshold=0.5, customer_id=key)
    if kind == "workflow_triggered":
        return WorkflowTriggered(workflow_id="wfl_1", workflow_name=name, trigger="t", customer_id=key)
    if kind == "review_created":
        return ReviewCreated(review_id="rev_1", customer_id=key, customer_name=name, rating=5)
    return CustomerCreated(customer_id=key, customer_name=name)


class Publisher:
    """Publishes until it is told to stop."""

    def __init__(self, cast, journal):
        self.cast, self.journal = cast, journal
        self.clients = [Client(address) for address in cast["replicas"]]
        self.is_over = threading.Event()

    def run(self):
        ways = [threading.Thread(target=way, args=(random.Random(f"{way.__name__} {self.cast['seed']}"),))
                for way in (self.one_by_one, self.in_batches, self.over_streams)]
        for way in ways:
            way.start()
        signal.sigwait({signal.SIGTERM})
        self.is_over.set()
        for way in ways:
            way.join()
        for client in self.clients:
            client.close()

    def request(self, random, way, number):
        key, accounts, kinds = f"python {way} {number}", self.cast["accounts"], self.cast["kinds"]
        account = random.choices(list(accounts), accounts.values())[0]
        kind = random.choices(list(kinds), kinds.values())[0]
        self.journal.note(e="try", k=key, a=account, y=kind.replace("_", ".", 1))
        return PublishEventRequest(account_id=account, idempotency_key=key,
                                   **{kind: data(kind, key, random.choice(NAMES))})

    def acknowledge(self, request, response):
        self.journal.note(e="ack", k=request.idempotency_key, id=response.event_id,
                          n=response.delivery_count, dup=response.duplicate)

    def doubt(self, error):
        """An answer that is no acknowledgement. One that would come again is a mistake of this program."""
        details = details_of(error)
        if details.code is grpc.StatusCode.INVALID_ARGUMENT:
            raise error
        self.journal.note(e="unclear", why=details.reason or details.code.name)

    def one_by_one(self, random, number=0):
        while not self.is_over.wait(random.expovariate(RATE)):
            number += 1
            request = self.request(random, "one", number)
            if random.random() < FORSAKEN:
                self.try_once(random, [request])
            else:
                self.publish(random, [request])

    def in_batches(self, random, number=0):
        while True:
            size = random.randint(2, BATCH_MAX)
            if self.is_over.wait(random.expovariate(RATE / size)):
                return
            self.publish(random, [self.request(random, "batch", number + each) for each in range(size)])
            number += size

    def over_streams(self, random, number=0):
        while True:
            size = random.randint(2, STREAM_MAX)
            if self.is_over.wait(random.expovariate(RATE / size)):
                return
            requests = [self.request(random, "stream", number + each) for each in range(size)]
            number += size
            self.publish(random, self.stream(random, requests))

    def stream(self, random, requests):
        """Publishes over one stream; what is left."""
        client, left = random.choice(self.clients), []
        try:
            with client.publisher(give_up_after=STREAM_SECONDS) as publisher:
                pending = [publisher.publish(request) for request in requests]
        except grpc.RpcError as error:
            # It gave up: each of its events is told so below.
            self.doubt(error)
            return requests
        for one in pending:
            try:
                self.acknowledge(one.request, one.result())
            except grpc.RpcError as error:
                self.doubt(error)
                left.append(one.request)
        return left

    def publish(self, random, requests):
        """Publishes until all are acknowledged."""
        while requests and (requests := self.try_once(random, requests)):
            # Not what is_over ends: what was handed in is acknowledged before the end.
            threading.Event().wait(PAUSE_SECONDS)

    def try_once(self, random, requests):
        """What was not acknowledged."""
        client = random.choice(self.clients)
        if len(requests) == 1:
            return self.settle(requests, lambda: [client.publish(requests[0], timeout=CALL_SECONDS)])
        try:
            results = client.publish_batch(requests, timeout=CALL_SECONDS).results
        except grpc.RpcError as error:
            self.doubt(error)
            return requests
        return [left for request, result in zip(requests, results, strict=True)
                for left in self.settle([request], lambda result=result: [result_of(result)])]

    def settle(self, requests, answered):
        try:
            for request, response in zip(requests, answered(), strict=True):
                self.acknowledge(request, response)
            return []
        except grpc.RpcError as error:
            self.doubt(error)
            return requests


def main():
    # A signal shows where its threads wait.
    faulthandler.register(signal.SIGUSR1)
    # Waited for rather than handled, in all threads: the signal may come twice, and a handler that comes
    # within `is_over.set()` of another would wait for it without end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    publisher = Publisher(json.loads(pathlib.Path(sys.argv[1]).read_text()), Journal(sys.argv[2]))
    publisher.run()


if __name__ == "__main__":
    main()
