"""Verifies the webhooks that Bookora sends, and reads their events. Imports no gRPC.

A receiver verifies, answers 2xx within 5 seconds, remembers the event's id so as to drop what comes
a second time, and does its work afterwards::

    try:
        event = receiver.verify(body, headers, secrets)
    except receiver.ReceiverError as error:
        return str(error), receiver.status_of(error)
    match event.data:
        case receiver.BookingCreated(customer_name=name, start_time=start):
            print(name, start)

A request that does not verify is a WebhookError; a mistake in the receiver's own secrets is a
SecretError. Neither has a secret or an expected signature in its text, so that both may be logged
and shown.
"""

from .error import Code, ReceiverError, SecretError, WebhookError, status_of
from .event import (
    BookingCancelled,
    BookingCreated,
    BookingRescheduled,
    CustomerCreated,
    Event,
    EventData,
    LeadQualified,
    NoShowDetected,
    ReviewCreated,
    WorkflowTriggered,
)
from .header import Headers
from .parse import parse
from .verify import BODY_BYTES_MAX, DEFAULT_TOLERANCE, verify

__all__ = [
    "BODY_BYTES_MAX",
    "DEFAULT_TOLERANCE",
    "BookingCancelled",
    "BookingCreated",
    "BookingRescheduled",
    "Code",
    "CustomerCreated",
    "Event",
    "EventData",
    "Headers",
    "LeadQualified",
    "NoShowDetected",
    "ReceiverError",
    "ReviewCreated",
    "SecretError",
    "WebhookError",
    "WorkflowTriggered",
    "parse",
    "status_of",
    "verify",
]
