"""What the tests publish."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from bookora.webhooks.v1 import BookingCreated, PublishEventRequest

ACCOUNT = "acct_1"


def booking(booking_id: str, account: str = ACCOUNT, price: float = 150) -> PublishEventRequest:
    """A booking of a massage."""
    return PublishEventRequest(
        account_id=account,
        booking_created=BookingCreated(
            booking_id=booking_id,
            customer_id="cus_1",
            customer_name="Zoë Baker",
            service="Massage",
            start_time=at_hour(9),
            end_time=at_hour(10),
            price=price,
        ),
    )


def at_hour(hour: int) -> Timestamp:
    """An hour of the first of December 2026."""
    timestamp = Timestamp()
    timestamp.FromDatetime(datetime(2026, 12, 1, hour, tzinfo=UTC))
    return timestamp
