"""Publishes a stream of events."""

import threading
from collections.abc import Iterator
from time import monotonic
from types import TracebackType
from typing import Any, Self

import grpc

from .backlog import GIVE_UP_AFTER, OUTSTANDING_MAX, Backlog, PublisherClosedError
from .backoff import Backoff
from .call_error import call_error
from .error_details import details_of
from .idempotency import keyed
from .pending import Pending
from .resumption import is_resumable
from .v1 import PublishEventRequest, StreamPublishEventsRequest
from .v1.event_ingest_pb2_grpc import EventIngestStub

# For a service that has answered all to end the stream too, in seconds; then it is cut.
CLOSE_WAIT = 5.0


class Publisher:
    """Publishes events one by one as they come, nearly as fast as batches.

    Where its stream breaks it opens another and sends again whatever has no result, with the same
    idempotency keys: nothing is lost, and nothing is there twice. It may be used from any thread::

        with client.publisher() as publisher:
            for request in requests:
                pendings.append(publisher.publish(request))
        for pending in pendings:
            print(pending.result().event_id)

    The end of `with` closes it.
    """

    def __init__(
        self,
        ingest: EventIngestStub,
        outstanding_max: int = OUTSTANDING_MAX,
        give_up_after: float = GIVE_UP_AFTER,
    ) -> None:
        self._ingest = ingest
        self._backlog: Backlog[Pending] = Backlog(outstanding_max, give_up_after)
        # Holds the backlog and what is below; a handler of signals may ask for it again.
        self._lock = threading.RLock()
        self._has_work = threading.Condition(self._lock)
        self._has_room = threading.Condition(self._lock)
        self._is_closing = False
        self._stream: _Stream | None = None
        # Set where it gave up, and where nothing is sent any more.
        self._failed = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="bookora-publisher", daemon=True).start()
        threading.Thread(target=self._guard, name="bookora-publisher-guard", daemon=True).start()

    def publish(self, request: PublishEventRequest, *, timeout: float | None = None) -> Pending:
        """Hands in an event, and waits while as many as may be are outstanding.

        It waits at most `timeout` seconds. Events are stored in the order in which they are handed
        in. The request is copied, and gets a key as in `Client.publish`.

        Errors, with which the event was not published: PublisherClosedError, what the publisher
        gave up with, and TimeoutError.
        """
        pending = Pending(keyed(request))
        with self._lock:
            if not self._has_room.wait_for(self._decides, timeout):
                raise TimeoutError("as many events as may be are outstanding")
            self._raise_failure()
            if self._is_closing:
                raise PublisherClosedError
            self._backlog.add(pending, monotonic())
            self._has_work.notify_all()
        return pending

    def flush(self, timeout: float | None = None) -> None:
        """Waits until every event that was handed in has its result, at most `timeout` seconds.

        Errors: what the publisher gave up with, and TimeoutError. What came of single events is in
        their results.
        """
        with self._lock:
            last = self._backlog.last
        # Results come in order: it is the last.
        if last is not None and not last.wait(timeout):
            raise TimeoutError("some events have no result yet")
        with self._lock:
            self._raise_failure()

    def close(self) -> None:
        """Waits until every event has its result, and ends the stream.

        It takes no longer than the publisher goes on without a result; `cancel` ends it at once. A
        second close does the same. Errors: what the publisher gave up with.
        """
        with self._lock:
            self._is_closing = True
            self._has_work.notify_all()
            self._has_room.notify_all()
        self._ended.wait()
        with self._lock:
            self._raise_failure()

    def cancel(self) -> None:
        """Ends it at once: what has no result fails with CANCELLED, and may be published or not."""
        self._fail(call_error(grpc.StatusCode.CANCELLED, "the publisher was cancelled"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except grpc.RpcError:
            # What ended the block says more.
            if error is None:
                raise

    def _decides(self) -> bool:
        return bool(self._is_closing or self._backlog.failure or not self._backlog.is_full)

    def _raise_failure(self) -> None:
        if self._backlog.failure is not None:
            raise self._backlog.failure.with_traceback(None)

    def _fail(self, error: grpc.RpcError) -> None:
        with self._lock:
            self._backlog.fail(error)
            self._failed.set()
            if self._stream is not None:
                self._stream.cancel()
            self._has_work.notify_all()
            self._has_room.notify_all()

    def _run(self) -> None:
        """Opens one stream after the other, as long as there is something to send."""
        waits = Backoff()
        try:
            while self._await_work():
                worked, error = self._publish_over()
                with self._lock:
                    self._backlog.send_again(error)
                    is_done = self._backlog.is_empty
                if worked:
                    waits.reset()
                # Where all is answered, the next event finds out whether it goes on.
                if is_done:
                    continue
                if error is not None and not is_resumable(error, worked=worked):
                    self._fail(error)
                    continue
                self._failed.wait(waits.next(details_of(error).retry_delay if error else None))
        except BaseException:
            self._fail(call_error(grpc.StatusCode.INTERNAL, "the publisher has failed"))
            raise
        finally:
            self._ended.set()

    def _await_work(self) -> bool:
        """Whether something is outstanding; it is not where the publisher ends first."""
        with self._lock:
            self._has_work.wait_for(
                lambda: self._is_closing or self._failed.is_set() or not self._backlog.is_empty
            )
            return not self._backlog.is_empty

    def _publish_over(self) -> tuple[bool, grpc.RpcError | None]:
        """Sends what is outstanding and what comes over one stream.

        Gives whether a result came over it, and what ended it.
        """
        worked = False
        stream = _Stream()
        try:
            with self._lock:
                self._stream = stream
                stream.call = self._open(stream)
            for message in stream.call:
                with self._lock:
                    self._backlog.settle_first(message.result, monotonic())
                    self._has_room.notify()
                    if self._backlog.is_empty:
                        self._has_work.notify_all()
                worked = True
        except grpc.RpcError as error:
            return worked, error
        finally:
            with self._lock:
                stream.cancel()
                self._stream = None
                self._has_work.notify_all()
        return worked, None

    def _open(self, stream: "_Stream") -> Any:
        try:
            # Messages are small, and come one by one.
            return self._ingest.StreamPublishEvents(
                self._messages(stream), compression=grpc.Compression.NoCompression
            )
        except ValueError as error:
            # What gRPC says of a channel that is closed.
            raise call_error(grpc.StatusCode.CANCELLED, "the client is closed") from error

    def _messages(self, stream: "_Stream") -> Iterator[StreamPublishEventsRequest]:
        """What gRPC sends over a stream, in a thread of its own; the end of it says that all is."""
        while (pending := self._next(stream)) is not None:
            yield StreamPublishEventsRequest(request=pending.request)

    def _next(self, stream: "_Stream") -> Pending | None:
        def said_all() -> bool:
            return self._is_closing and self._backlog.is_empty

        with self._lock:
            self._has_work.wait_for(
                lambda: stream.is_over or self._backlog.has_unsent or said_all()
            )
            if stream.is_over:
                return None
            if self._backlog.has_unsent:
                return self._backlog.next_to_send()
            stream.cancel_after(CLOSE_WAIT)
            return None

    def _guard(self) -> None:
        """Fails everything where nothing has come for too long."""
        wait = self._patience()
        while not self._ended.wait(wait):
            wait = self._patience()
            if wait <= 0:
                with self._lock:
                    error = self._backlog.no_result()
                self._fail(error)
                return

    def _patience(self) -> float:
        with self._lock:
            return self._backlog.patience(monotonic())


class _Stream:
    """One of the streams that a publisher opens."""

    def __init__(self) -> None:
        self.call: Any = None
        self.is_over = False
        self._cut: threading.Timer | None = None

    def cancel(self) -> None:
        """Ends it at once, if it has not ended by itself."""
        self.is_over = True
        if self._cut is not None:
            self._cut.cancel()
        if self.call is not None:
            self.call.cancel()

    def cancel_after(self, seconds: float) -> None:
        """Ends it where it does not end by itself."""
        self._cut = threading.Timer(seconds, self.cancel)
        self._cut.daemon = True
        self._cut.start()
