"""Idempotency keys, which make a retried publish safe."""

import uuid
from collections.abc import Iterable

from .v1 import BatchPublishEventsRequest, PublishEventRequest


def keyed(request: PublishEventRequest) -> PublishEventRequest:
    """A copy of the request, with a random UUID (RFC 9562, version 4) as its key if it has none."""
    copy = PublishEventRequest()
    copy.CopyFrom(request)
    if not copy.idempotency_key:
        copy.idempotency_key = str(uuid.uuid4())
    return copy


def keyed_batch(requests: Iterable[PublishEventRequest]) -> BatchPublishEventsRequest:
    """A batch of the requests, each with a key."""
    return BatchPublishEventsRequest(requests=map(keyed, requests))
