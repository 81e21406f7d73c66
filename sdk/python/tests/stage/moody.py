"""A service that fails as a test wants it; the real one cannot be made to."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from bookora.webhooks import v1
from bookora.webhooks.v1 import delivery_query_pb2_grpc, event_ingest_pb2_grpc


def said(code: grpc.StatusCode, reason: str = "", retry_after_ms: int = 1) -> Status:
    """A status as the service says it, or without a reason as a proxy does."""
    status = Status(code=code.value[0], message="said")
    if reason:
        duration = Duration()
        duration.FromMilliseconds(retry_after_ms)
        for detail in (
            ErrorInfo(domain="webhooks.bookora", reason=reason),
            RetryInfo(retry_delay=duration),
        ):
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
    return status


class Moody(
    event_ingest_pb2_grpc.EventIngestServicer, delivery_query_pb2_grpc.DeliveryQueryServicer
):
    """What it was asked, and how it fails, once each."""

    def __init__(self, failures: tuple[Status | None, ...]) -> None:
        self.address = ""
        self.keys: list[str] = []
        self.deadlines: list[float] = []
        self.headers: list[dict[str, str | bytes]] = []
        self.tokens: list[str] = []
        self._failures = list(failures)

    def PublishEvent(  # noqa: N802
        self, request: v1.PublishEventRequest, context: grpc.ServicerContext
    ) -> v1.PublishEventResponse:
        self.keys.append(request.idempotency_key)
        self._hear(context)
        self._fail(context)
        return v1.PublishEventResponse()

    def StreamPublishEvents(  # noqa: N802
        self, request_iterator: Iterator[object], context: grpc.ServicerContext
    ) -> Iterator[v1.StreamPublishEventsResponse]:
        self._hear(context)
        for _ in request_iterator:
            published = v1.PublishEventResult(published=v1.PublishEventResponse(event_id="evt_1"))
            yield v1.StreamPublishEventsResponse(result=published)

    def WatchDeliveries(  # noqa: N802
        self, request: v1.WatchDeliveriesRequest, context: grpc.ServicerContext
    ) -> Iterator[v1.WatchDeliveriesResponse]:
        self.tokens.append(request.resume_token)
        self._hear(context)
        count = len(self.tokens)
        # The one before comes again, as after a resume it may.
        for revision in (count - 1, count):
            delivery = v1.Delivery(delivery_id="dlv_1", revision=revision)
            yield v1.WatchDeliveriesResponse(
                update=v1.DeliveryUpdate(delivery=delivery), resume_token="abcdefghij"[revision]
            )
        self._fail(context)

    def _hear(self, context: grpc.ServicerContext) -> None:
        self.deadlines.append(context.time_remaining() or 0)
        self.headers.append(dict(context.invocation_metadata()))

    def _fail(self, context: grpc.ServicerContext) -> None:
        failure = self._failures.pop(0) if self._failures else None
        if failure is None:
            return
        if failure.details:
            retry = RetryInfo()
            failure.details[1].Unpack(retry)
            context.set_trailing_metadata(
                (
                    ("grpc-status-details-bin", failure.SerializeToString()),
                    ("grpc-retry-pushback-ms", str(retry.retry_delay.ToMilliseconds())),
                )
            )
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[failure.code], failure.message)


@contextmanager
def serving_moody(*failures: Status | None) -> Iterator[Moody]:
    """Such a service, until the end of the block."""
    # The RPCs that it lacks are UNIMPLEMENTED.
    moody = Moody(failures)  # type: ignore[abstract]
    server = grpc.server(ThreadPoolExecutor(4))
    event_ingest_pb2_grpc.add_EventIngestServicer_to_server(moody, server)
    delivery_query_pb2_grpc.add_DeliveryQueryServicer_to_server(moody, server)
    moody.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield moody
    finally:
        server.stop(None).wait()
