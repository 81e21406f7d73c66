"""The example receives from the real program."""

import os
import queue
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from stage.samples import ACCOUNT, booking
from stage.service import PATIENCE, ROOT, first_line

from bookora.webhooks import Client, v1

MINE, OTHER = "a-secret-of-the-receiver-1", "another-secret-of-the-receiver"


@contextmanager
def example_receiver() -> Iterator[tuple[str, "queue.Queue[str]"]]:
    """Runs it as its README says; gives its URL, and the lines that it prints."""
    settings = {"PORT": "0", "BOOKORA_WEBHOOK_SECRET": f"{OTHER} {MINE}"}
    process = subprocess.Popen(
        [sys.executable, "receiver.py"],
        cwd=ROOT / "examples/python",
        env=os.environ | settings | {"PYTHONPATH": str(ROOT / "sdk/python/src")},
        stdout=subprocess.PIPE,
    )
    try:
        port = first_line(process).split()[-1]
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout
        output = process.stdout

        def read() -> None:
            for line in output:
                lines.put(line.decode().strip())

        reading = threading.Thread(target=read)
        reading.start()
        yield f"http://127.0.0.1:{port}/hooks", lines
    finally:
        process.terminate()
        process.wait()
    reading.join()
    output.close()


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def wait_for_attempts(client: Client, event_id: str, attempts: int) -> v1.Delivery:
    """Watches until the delivery of an event has succeeded with so many attempts."""
    request = v1.WatchDeliveriesRequest(
        account_id=ACCOUNT,
        include_snapshot=True,
        filter=v1.DeliveryFilter(event_ids=[event_id]),
    )
    with client.watch(request) as watch:
        for message in watch:
            delivery = message.update.delivery
            succeeded = delivery.state == v1.Delivery.STATE_SUCCEEDED
            if succeeded and delivery.attempt_count == attempts:
                return delivery
    pytest.fail("the watch has ended")


def test_the_example_takes_real_deliveries_once_and_refuses_others(client: Client) -> None:
    with example_receiver() as (url, lines):
        forged = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(time.time())),
            "webhook-signature": "v1,AAAA",
        }
        assert post(url, b"{}", forged) == 401
        assert post(url, b" " * (300 << 10), forged) == 413

        admin = client.endpoint_admin
        endpoint = v1.Endpoint(account_id=ACCOUNT, url=url)
        admin.CreateEndpoint(v1.CreateEndpointRequest(endpoint=endpoint, secret=MINE))
        first = client.publish(booking("bkg_1")).event_id
        delivery = wait_for_attempts(client, first, 1)
        admin.ResendDelivery(
            v1.ResendDeliveryRequest(account_id=ACCOUNT, delivery_id=delivery.delivery_id)
        )
        wait_for_attempts(client, first, 2)
        second = client.publish(booking("bkg_2")).event_id
        for event_id in (first, second):
            line = lines.get(timeout=PATIENCE)
            assert line == (
                f"booking.created {event_id}: Zoë Baker has booked Massage for "
                "Tue, 01 Dec 2026 09:00 UTC"
            )
