"""An event as it arrives, and the data of each type that Bookora has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CustomerCreated:
    """The data of customer.created: a customer was added."""

    customer_id: str
    customer_name: str
    email: str | None
    """None where Bookora has none."""
    phone: str | None
    """As it was entered; None where Bookora has none."""


@dataclass(frozen=True, slots=True)
class BookingCreated:
    """The data of booking.created: a booking was made."""

    booking_id: str
    customer_id: str
    customer_name: str
    service: str
    start_time: datetime
    end_time: datetime
    price: float
    """In units of the account's currency, not in cents."""


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """The data of booking.cancelled: a booking was called off."""

    booking_id: str
    customer_id: str
    customer_name: str
    service: str
    start_time: datetime
    end_time: datetime
    reason: str | None
    """None where none was given."""


@dataclass(frozen=True, slots=True)
class BookingRescheduled:
    """The data of booking.rescheduled: a booking was moved."""

    booking_id: str
    customer_id: str
    customer_name: str
    service: str
    previous_start_time: datetime
    previous_end_time: datetime
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, slots=True)
class LeadQualified:
    """The data of lead.qualified: a lead's score reached the threshold."""

    lead_id: str
    lead_name: str
    score: float
    threshold: float
    customer_id: str | None
    """The customer that the lead became; None where it became none."""


@dataclass(frozen=True, slots=True)
class NoShowDetected:
    """The data of no_show.detected: a customer did not come."""

    booking_id: str
    customer_id: str
    customer_name: str
    service: str
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, slots=True)
class ReviewCreated:
    """The data of review.created: a customer wrote a review."""

    review_id: str
    customer_id: str
    customer_name: str
    rating: int
    """In stars, 1-5."""
    booking_id: str | None
    """None where the review is of none."""
    comment: str | None
    """None where there is none."""


@dataclass(frozen=True, slots=True)
class WorkflowTriggered:
    """The data of workflow.triggered: an automation of the account started."""

    workflow_id: str
    workflow_name: str
    trigger: str
    """What started it, such as booking.created or schedule."""
    customer_id: str | None
    """None where it runs for none."""
    booking_id: str | None
    """None where it runs for none."""


EventData = (
    CustomerCreated
    | BookingCreated
    | BookingCancelled
    | BookingRescheduled
    | LeadQualified
    | NoShowDetected
    | ReviewCreated
    | WorkflowTriggered
    | Mapping[str, Any]
)
"""The data of an event: a mapping where the type is none of Bookora's eight."""

DATA_TYPES: Mapping[str, type] = {
    "customer.created": CustomerCreated,
    "booking.created": BookingCreated,
    "booking.cancelled": BookingCancelled,
    "booking.rescheduled": BookingRescheduled,
    "lead.qualified": LeadQualified,
    "no_show.detected": NoShowDetected,
    "review.created": ReviewCreated,
    "workflow.triggered": WorkflowTriggered,
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in an account of Bookora."""

    id: str
    """The same on each attempt and for each endpoint: remember it to drop what comes twice. That of
    a sample, which TestEndpoint sends, begins with evt_test_."""
    type: str
    """The type's name, such as booking.created."""
    created_at: datetime
    """When it happened, with its offset, cut to the microsecond. Events may come out of their
    order: go by this."""
    data: EventData
    """One of this package's data types, or a mapping, the JSON object as it came, where the type is
    another: such types are added, by Bookora and by whoever runs the service. Choose by `match`."""
    raw_data: Mapping[str, Any]
    """The JSON object that `data` was read from, fields that this version does not know
    included."""
    raw: bytes
    """The whole body."""
