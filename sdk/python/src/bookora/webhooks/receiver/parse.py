"""Reads the event in a body."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from .event import DATA_TYPES, Event, EventData
from .json_object import JsonObject, read_json

# How a field is read says its type.
_READERS: Mapping[object, Callable[[JsonObject, str], Any]] = {
    str: JsonObject.text,
    str | None: JsonObject.optional_text,
    float: JsonObject.number,
    int: JsonObject.integer,
    datetime: JsonObject.time,
}


def parse(body: bytes) -> Event:
    """Reads the event in a body whose signature was verified before, such as one that was stored.

    Errors: WebhookError with MALFORMED_BODY for a body that is not an event.
    """
    envelope = JsonObject("", read_json(body))
    event_type, event_id = envelope.text("event"), envelope.text("id")
    created_at = envelope.time("created_at")
    data = JsonObject("data", envelope.raw("data"))
    return Event(
        id=event_id,
        type=event_type,
        created_at=created_at,
        data=_read_data(event_type, data),
        raw_data=data.fields,
        raw=body,
    )


def _read_data(event_type: str, data: JsonObject) -> EventData:
    data_type = DATA_TYPES.get(event_type)
    if data_type is None:
        return data.fields
    read = {field.name: _READERS[field.type](data, field.name) for field in fields(data_type)}
    known: EventData = data_type(**read)
    return known
