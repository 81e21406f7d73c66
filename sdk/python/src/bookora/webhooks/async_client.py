"""Calls the service, with asyncio."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import grpc
from grpc import aio

from .async_interceptor import async_interceptors_of
from .async_publisher import AsyncPublisher
from .async_watch import AsyncWatch
from .backlog import GIVE_UP_AFTER, OUTSTANDING_MAX
from .connection import ChannelOptions, Identity, connection_to
from .idempotency import keyed, keyed_batch
from .v1 import (
    BatchPublishEventsResponse,
    PublishEventRequest,
    PublishEventResponse,
    WatchDeliveriesRequest,
)
from .v1.delivery_query_pb2_grpc import DeliveryQueryStub
from .v1.endpoint_admin_pb2_grpc import EndpointAdminStub
from .v1.event_ingest_pb2_grpc import EventIngestStub

if TYPE_CHECKING:
    from .v1.delivery_query_pb2_grpc import DeliveryQueryAsyncStub
    from .v1.endpoint_admin_pb2_grpc import EndpointAdminAsyncStub
    from .v1.event_ingest_pb2_grpc import EventIngestAsyncStub


class AsyncClient:
    """Calls the service over one connection, which connects anew by itself.

    One is enough for an event loop, in a coroutine of which it is made. Every unary call has a
    deadline: its own `timeout`, or 30 s. What is UNAVAILABLE is tried again within it, as the
    service's published config says. Errors are those of grpcio, grpc.aio.AioRpcError; `details_of`
    reads them.
    """

    event_ingest: "EventIngestAsyncStub"
    """Publishes events. `publish`, `publish_batch` and `publisher` give each an idempotency key
    beside."""
    endpoint_admin: "EndpointAdminAsyncStub"
    """Manages endpoints, and sends again what did not arrive."""
    delivery_query: "DeliveryQueryAsyncStub"
    """Tells what became of events and deliveries. `watch` resumes by itself beside."""

    def __init__(
        self,
        address: str,
        *,
        token: str = "",
        ca_certificates: bytes = b"",
        client_certificate: bytes = b"",
        client_key: bytes = b"",
        timeout: float | None = None,
        interceptors: Sequence[aio.ClientInterceptor] = (),
        channel_options: ChannelOptions = (),
    ) -> None:
        """Makes a client of the service at an address; nothing is connected before the first call.

        `address` is https://host:port or host:port with TLS, or http://host:port in the clear;
        without a port 443 or 80.

        `token` is sent with every call, as `bookora-webhooks token new` prints it.
        `ca_certificates` are authorities in PEM, trusted instead of gRPC's own;
        `client_certificate` and `client_key`, both PEM, are shown to the service (mTLS).

        `timeout` is how long a unary call may take, in seconds and with its retries, that has no
        timeout of its own; more than 0. Default: 30. TestEndpoint, which waits for a receiver, has
        45, or this where it is longer.

        `interceptors` and `channel_options` are for what grpcio can do beside; the options take the
        place of the SDK's own where both set the same.

        Errors: ValueError for an address or an option that cannot be used, and for a token that
        would travel in the clear to a host that is not loopback.
        """
        identity = Identity(token, ca_certificates, client_certificate, client_key)
        connection = connection_to(address, identity, timeout, channel_options)
        added = [*async_interceptors_of(connection), *interceptors]
        options, gzip = connection.options, grpc.Compression.Gzip
        if connection.credentials is None:
            self._channel = aio.insecure_channel(connection.target, options, gzip, added)
        else:
            self._channel = aio.secure_channel(
                connection.target, connection.credentials, options, gzip, added
            )
        self.event_ingest = EventIngestStub(self._channel)
        self.endpoint_admin = EndpointAdminStub(self._channel)
        self.delivery_query = DeliveryQueryStub(self._channel)

    async def publish(
        self, request: PublishEventRequest, *, timeout: float | None = None
    ) -> PublishEventResponse:
        """Publishes one event.

        Where the request has no idempotency key it is sent with a random one, so that the retries
        of this call make no second event; the request itself is not changed. A key of one's own,
        which names what happened, covers also a publisher that crashes and begins again.
        """
        return await self.event_ingest.PublishEvent(keyed(request), timeout=timeout)

    async def publish_batch(
        self, requests: Iterable[PublishEventRequest], *, timeout: float | None = None
    ) -> BatchPublishEventsResponse:
        """Publishes 1-500 events in one transaction, with keys as `publish` makes them.

        `result_of` reads each of the results, which are in the order of the requests.
        """
        return await self.event_ingest.BatchPublishEvents(keyed_batch(requests), timeout=timeout)

    def publisher(
        self,
        *,
        outstanding_max: int = OUTSTANDING_MAX,
        give_up_after: float = GIVE_UP_AFTER,
    ) -> AsyncPublisher:
        """Makes a publisher of a stream of events; nothing is connected before its first event.

        `outstanding_max` is how many events may wait for their result, 1-256. `give_up_after` is
        for how many seconds there may be no result, although events wait for one, before the
        publisher fails them all; more than 0.

        Errors: ValueError for what is out of its range.
        """
        return AsyncPublisher(self.event_ingest, outstanding_max, give_up_after)

    def watch(self, request: WatchDeliveriesRequest | None = None) -> AsyncWatch:
        """Watches deliveries.

        The request says what, from which token, and whether with a snapshot. The watch ends with
        `AsyncWatch.close`.
        """
        return AsyncWatch(self.delivery_query, request)

    async def close(self) -> None:
        """Ends the connection, and every call, watch and publisher over it.

        Close publishers before.
        """
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
