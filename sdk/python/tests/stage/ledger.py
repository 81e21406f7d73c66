"""What the service has stored."""

import json

from google.protobuf.timestamp_pb2 import Timestamp

from bookora.webhooks import Client
from bookora.webhooks.v1 import ListEventsRequest


def stored_bookings(client: Client, account: str) -> dict[str, list[Timestamp]]:
    """When the events of an account were stored, by the id of their booking."""
    stored: dict[str, list[Timestamp]] = {}
    request = ListEventsRequest(account_id=account, page_size=1000)
    while True:
        page = client.delivery_query.ListEvents(request)
        for event in page.events:
            booking_id = json.loads(event.payload)["data"]["booking_id"]
            stored.setdefault(booking_id, []).append(event.publish_time)
        if not page.next_page_token:
            return stored
        request.page_token = page.next_page_token


def expect_stored_in_order(client: Client, account: str, count: int) -> None:
    """Expects bookings 0 to `count` once each, and none before those handed in before it."""
    stored = stored_bookings(client, account)
    assert len(stored) == count
    times = []
    for i in range(count):
        (time,) = stored[f"bkg_{i}"]
        times.append(time.ToNanoseconds())
    assert times == sorted(times)
