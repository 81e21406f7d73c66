"""Publishes a stream of events, with asyncio."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc

from .async_pending import AsyncPending
from .backlog import GIVE_UP_AFTER, OUTSTANDING_MAX, Backlog, PublisherClosedError
from .backoff import Backoff
from .call_error import call_error
from .error_details import details_of
from .idempotency import keyed
from .publisher import CLOSE_WAIT
from .resumption import is_resumable
from .v1 import PublishEventRequest, StreamPublishEventsRequest

if TYPE_CHECKING:
    from .v1.event_ingest_pb2_grpc import EventIngestAsyncStub


class AsyncPublisher:
    """Publishes events one by one as they come, nearly as fast as batches.

    Where its stream breaks it opens another and sends again whatever has no result, with the same
    idempotency keys: nothing is lost, and nothing is there twice. It is for the tasks of one event
    loop::

        async with client.publisher() as publisher:
            for request in requests:
                pendings.append(await publisher.publish(request))
        for pending in pendings:
            print((await pending.result()).event_id)

    The end of `async with` closes it.
    """

    def __init__(
        self,
        ingest: "EventIngestAsyncStub",
        outstanding_max: int = OUTSTANDING_MAX,
        give_up_after: float = GIVE_UP_AFTER,
    ) -> None:
        self._ingest = ingest
        self._backlog: Backlog[AsyncPending] = Backlog(outstanding_max, give_up_after)
        # One place for each event without a result; whoever waited longest gets the next.
        self._places = asyncio.Semaphore(outstanding_max)
        # Set where there may be something to send, or nothing more.
        self._has_work = asyncio.Event()
        self._failed = asyncio.Event()
        self._is_closing = False
        self._stream: _AsyncStream | None = None
        self._loop = asyncio.get_running_loop()
        self._run_task = self._loop.create_task(self._run(), name="bookora-publisher")
        self._guard_task = self._loop.create_task(self._guard(), name="bookora-publisher-guard")

    async def publish(self, request: PublishEventRequest) -> AsyncPending:
        """Hands in an event, and waits while as many as may be are outstanding.

        Events are stored in the order in which they are handed in. The request is copied, and gets
        a key as in `AsyncClient.publish`.

        Errors, with which the event was not published: PublisherClosedError, and what the publisher
        gave up with. Nor was it where the wait is cancelled.
        """
        pending = AsyncPending(keyed(request))
        await self._places.acquire()
        if self._backlog.failure is not None or self._is_closing:
            # Whoever waits behind is to find out too.
            self._places.release()
            self._raise_failure()
            raise PublisherClosedError
        self._backlog.add(pending, self._loop.time())
        self._has_work.set()
        return pending

    async def flush(self) -> None:
        """Waits until every event that was handed in has its result.

        Errors: what the publisher gave up with. What came of single events is in their results.
        """
        last = self._backlog.last
        # Results come in order: it is the last.
        if last is not None:
            await last.wait()
        self._raise_failure()

    async def close(self) -> None:
        """Waits until every event has its result, and ends the stream.

        It takes no longer than the publisher goes on without a result; `cancel` ends it at once. A
        second close does the same. Errors: what the publisher gave up with.
        """
        self._is_closing = True
        self._has_work.set()
        await asyncio.wait([self._run_task])
        self._raise_failure()

    def cancel(self) -> None:
        """Ends it at once: what has no result fails with CANCELLED, and may be published or not."""
        self._fail(call_error(grpc.StatusCode.CANCELLED, "the publisher was cancelled"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.close()
        except grpc.RpcError:
            # What ended the block says more.
            if error is None:
                raise

    def _raise_failure(self) -> None:
        if self._backlog.failure is not None:
            raise self._backlog.failure.with_traceback(None)

    def _fail(self, error: grpc.RpcError) -> None:
        self._backlog.fail(error)
        self._failed.set()
        if self._stream is not None:
            self._stream.cancel()
        self._has_work.set()
        # One is enough: each that gets it passes it on.
        self._places.release()

    async def _run(self) -> None:
        """Opens one stream after the other, as long as there is something to send."""
        waits = Backoff()
        try:
            while await self._await_work():
                worked, error = await self._publish_over()
                self._backlog.send_again(error)
                if worked:
                    waits.reset()
                # Where all is answered, the next event finds out whether it goes on.
                if self._backlog.is_empty:
                    continue
                if error is not None and not is_resumable(error, worked=worked):
                    self._fail(error)
                    continue
                await self._pause(waits.next(details_of(error).retry_delay if error else None))
        except asyncio.CancelledError:
            # The loop ends.
            self.cancel()
            raise
        except BaseException:
            self._fail(call_error(grpc.StatusCode.INTERNAL, "the publisher has failed"))
            raise
        finally:
            self._guard_task.cancel()

    async def _await_work(self) -> bool:
        """Whether something is outstanding; it is not where the publisher ends first."""
        while self._backlog.is_empty and not self._is_closing and not self._failed.is_set():
            self._has_work.clear()
            await self._has_work.wait()
        return not self._backlog.is_empty

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._failed.wait()
        except TimeoutError:
            pass

    async def _publish_over(self) -> tuple[bool, grpc.RpcError | None]:
        """Sends what is outstanding and what comes over one stream.

        Gives whether a result came over it, and what ended it.
        """
        worked = False
        cancelled_before = _cancellations()
        stream = self._stream = _AsyncStream()
        try:
            # Messages are small, and come one by one.
            stream.call = self._ingest.StreamPublishEvents(
                self._messages(stream), compression=grpc.Compression.NoCompression
            )
            async for message in stream.call:
                self._backlog.settle_first(message.result, self._loop.time())
                self._places.release()
                if self._backlog.is_empty:
                    self._has_work.set()
                worked = True
        except grpc.RpcError as error:
            return worked, error
        except asyncio.CancelledError:
            if _cancellations() > cancelled_before:
                raise
            # The call was, by `cancel` or by the end of the client.
            return False, call_error(grpc.StatusCode.CANCELLED, "the client is closed")
        except grpc.aio.UsageError:
            return False, call_error(grpc.StatusCode.CANCELLED, "the client is closed")
        finally:
            stream.cancel()
            self._stream = None
            self._has_work.set()
        return worked, None

    async def _messages(self, stream: "_AsyncStream") -> AsyncIterator[StreamPublishEventsRequest]:
        """What gRPC sends over a stream, in a task of its own; the end of it says that all is."""
        while not stream.is_over:
            if self._backlog.has_unsent:
                pending = self._backlog.next_to_send()
                yield StreamPublishEventsRequest(request=pending.request)
            elif self._is_closing and self._backlog.is_empty:
                stream.cut = self._loop.call_later(CLOSE_WAIT, stream.cancel)
                return
            else:
                self._has_work.clear()
                await self._has_work.wait()

    async def _guard(self) -> None:
        """Fails everything where nothing has come for too long."""
        while (wait := self._backlog.patience(self._loop.time())) > 0:
            await asyncio.sleep(wait)
        self._fail(self._backlog.no_result())


class _AsyncStream:
    """One of the streams that a publisher opens."""

    def __init__(self) -> None:
        self.call: Any = None
        self.is_over = False
        self.cut: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """Ends it at once, if it has not ended by itself."""
        self.is_over = True
        if self.cut is not None:
            self.cut.cancel()
        if self.call is not None:
            self.call.cancel()


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
