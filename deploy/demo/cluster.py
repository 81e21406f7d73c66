#!/usr/bin/env python3
"""`make demo-cluster`: three replicas on one PostgreSQL, a receiver, a Prometheus, and a load. In the
middle of it one replica is killed (SIGKILL). At the end it says what was published, delivered,
repeated and lost. Everything is on loopback, in a temporary folder, and ended with this program.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/operations"))

from postgres import Postgres  # noqa: E402
from stand import Receiver, eventually, environment, program, prometheus, service, stop_on_signals  # noqa: E402, E501

from bookora.webhooks import Client  # noqa: E402
from bookora.webhooks.v1 import (  # noqa: E402
    BookingCreated, CreateEndpointRequest, Endpoint, PublishEventRequest,
)

REPLICAS = 3
ENDPOINTS = 10
EVENTS_PER_SECOND = 200
LOAD_SECONDS = 24
KILLED_AFTER_SECONDS = 10
# A dead replica's leases: twice this and 10 s.
REQUEST_TIMEOUT_SECONDS = 2
# What is still under way at the end, and the leases of the dead.
LAST_SECONDS = 40
# A receiver that answers at once would have nothing under way when the replica dies.
ANSWER_SECONDS = 0.05
# How long a replica that did not answer is not asked, as balancing clients do.
UNASKED_SECONDS = 60


def say(line):
    print(line, flush=True)


class Ledger:
    """What was acknowledged to the publisher, and what arrived at the receiver, by event."""

    def __init__(self):
        self.lock = threading.Lock()
        self.published, self.arrived = {}, {}

    def take(self, _path, headers, body):
        event = json.loads(body)["id"]
        with self.lock:
            self.arrived.setdefault(event, []).append(time.monotonic())
        time.sleep(ANSWER_SECONDS)
        return 204

    def lost(self):
        with self.lock:
            return self.published.keys() - self.arrived.keys()

    def repeated(self):
        with self.lock:
            return sum(len(times) - 1 for times in self.arrived.values())


def register(address, url):
    with Client(f"http://{address}") as client:
        for number in range(ENDPOINTS):
            endpoint = Endpoint(account_id=f"acct_{number}", url=f"{url}/hooks/{number}", event_types=["booking.*"])
            client.endpoint_admin.CreateEndpoint(CreateEndpointRequest(endpoint=endpoint))


def request(number):
    booking = BookingCreated(booking_id=f"bkg_{number}", customer_id="cus_1", customer_name="Zoë Baker",
                             service="Massage", price=150)
    booking.start_time.FromJsonString("2026-12-01T09:00:00Z")
    booking.end_time.FromJsonString("2026-12-01T10:00:00Z")
    return PublishEventRequest(account_id=f"acct_{number % ENDPOINTS}", idempotency_key=f"booking {number}",
                               booking_created=booking)


class Load:
    """Publishes at a steady rate to whichever replica answers, and hands in again with the same key what
    was not acknowledged, as the SDKs' users do.
    """

    def __init__(self, addresses, ledger):
        self.clients, self.ledger = [Client(f"http://{each}") for each in addresses], ledger
        self.again, self.unasked_until = 0, {}

    def run(self):
        with contextlib.ExitStack() as stack:
            threads = [threading.Thread(target=self.publish, args=(turn,), daemon=True) for turn in range(8)]
            for client in self.clients:
                stack.enter_context(client)
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def publish(self, turn):
        began = time.monotonic()
        for number in range(turn, EVENTS_PER_SECOND * LOAD_SECONDS, 8):
            pause = began + number / EVENTS_PER_SECOND - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            self.publish_one(number)

    def publish_one(self, number):
        for client_number in range(number, number + 100):
            place = client_number % len(self.clients)
            client = self.clients[place]
            if self.unasked_until.get(place, 0) > time.monotonic():
                continue
            try:
                made = client.event_ingest.PublishEvent(request(number), timeout=2)
            except Exception:  # Whatever it was: another replica is asked.
                self.again += 1
                self.unasked_until[place] = time.monotonic() + UNASKED_SECONDS
                continue
            with self.ledger.lock:
                self.ledger.published[made.event_id] = time.monotonic()
            return


def tell(ledger, load, killed, seen):
    published, lost, repeated = len(ledger.published), ledger.lost(), ledger.repeated()
    # What had been acknowledged when the replica died, and came only afterwards from another.
    late = [(ledger.arrived[event][0] if event in ledger.arrived else 0) - killed
            for event, at in ledger.published.items() if at <= killed]
    again = [times[1] - killed for times in ledger.arrived.values() if len(times) > 1]
    say(f"\nPublished and acknowledged: {published} events ({load.again} calls were made again)")
    say(f"Delivered: {published - len(lost)}")
    say(f"Repeated: {repeated}")
    say(f"Lost: {len(lost)}")
    over = max([0, *late, *again])
    say(f"The last delivery of the killed replica was made by another {over:.1f} s after the kill")
    figures = [
        ("attempts, as the living replicas count them", 'sum(bookora_attempts_total)', "{:.0f}"),
        ("leases that ran out and were freed", 'sum(bookora_leases_rescued_total)', "{:.0f}"),
        ("from publish to first attempt, p99",
         'histogram_quantile(0.99, sum by (le) (bookora_delivery_delay_seconds_bucket))', "{:.3f} s"),
        ("a commit of publishes, p99", 'histogram_quantile(0.99, sum by (le) '
         '(bookora_store_duration_seconds_bucket{operation="publish"}))', "{:.3f} s"),
        ("replicas that answer", 'sum(up)', "{:.0f}"),
    ]
    say("\nPrometheus says:")
    for what, expression, form in figures:
        value = seen.number(expression)
        say(f"  {what}: {'nothing' if value is None else form.format(value)}")
    return not lost and published == EVENTS_PER_SECOND * LOAD_SECONDS


def main():
    stop_on_signals()
    ledger = Ledger()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = stack.enter_context(Postgres(folder)).url
        key = pathlib.Path(folder, "master.key")
        subprocess.run([program(), "master-key", "new", f"--file={key}"], check=True,
                       env=environment(), stdout=subprocess.DEVNULL)
        hooks = stack.enter_context(Receiver(ledger.take))
        replicas = [
            stack.enter_context(service(
                folder, f"replica-{number + 1}", database,
                [f"--master-key-file={key}", f"--request-timeout={REQUEST_TIMEOUT_SECONDS}s"]))
            for number in range(REPLICAS)
        ]
        seen = stack.enter_context(prometheus(folder, [each.ops for each in replicas]))
        say(f"{REPLICAS} replicas on one PostgreSQL, a receiver, and a Prometheus on {seen.url}")
        register(replicas[0].address, hooks.url)
        load = Load([each.address for each in replicas], ledger)
        loading = threading.Thread(target=load.run, daemon=True)
        say(f"{EVENTS_PER_SECOND} events a second for {LOAD_SECONDS} s, to {ENDPOINTS} endpoints")
        loading.start()
        time.sleep(KILLED_AFTER_SECONDS)
        replicas[-1].process.kill()
        killed = time.monotonic()
        say(f"After {KILLED_AFTER_SECONDS} s replica {REPLICAS} is killed")
        loading.join()
        eventually("everything that was published has arrived", lambda: not ledger.lost(), LAST_SECONDS)
        # What the dead one had sent and not recorded comes once more, when its leases have run out.
        open_now = "max(bookora_queue_deliveries)"
        eventually("nothing is open any more", lambda: seen.number(open_now) == 0, LAST_SECONDS)
        kept = tell(ledger, load, killed, seen)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
