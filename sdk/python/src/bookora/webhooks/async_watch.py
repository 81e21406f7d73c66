"""Follows deliveries, with asyncio."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc

from .call_error import call_error
from .v1 import WatchDeliveriesRequest, WatchDeliveriesResponse
from .watch_progress import WatchProgress

if TYPE_CHECKING:
    from .v1.delivery_query_pb2_grpc import DeliveryQueryAsyncStub


class AsyncWatch(AsyncIterator[WatchDeliveriesResponse]):
    """The messages that tell something: each update, once, and snapshot_complete after a snapshot.

    It goes over any number of streams: it opens another after every disconnect, where the one
    before ended. It waits for the next message, and stops when it is closed. What a new stream does
    not mend, such as a resume token that has expired, it raises. It is for the tasks of one event
    loop; one at a time asks for messages, and where that one is cancelled, asking again goes on::

        async with client.watch(WatchDeliveriesRequest(account_id="acct_1")) as watch:
            async for message in watch:
                print(message.update.delivery.state)
    """

    def __init__(
        self, query: "DeliveryQueryAsyncStub", request: WatchDeliveriesRequest | None
    ) -> None:
        self._query = query
        self._progress = WatchProgress(request)
        self._closed = asyncio.Event()
        self._call: Any = None
        # What ended the watch.
        self._error: grpc.RpcError | None = None

    @property
    def resume_token(self) -> str:
        """The token of the last message that was dealt with: whose next one was asked for.

        Store it, and give it to a later watch, which then goes on from there. Empty before there is
        one.
        """
        return self._progress.token

    async def __anext__(self) -> WatchDeliveriesResponse:
        """Asking for it says that the message before was dealt with."""
        self._progress.deal_with_last()
        while not self._closed.is_set():
            if self._error is not None:
                raise self._error.with_traceback(None)
            try:
                message = await self._receive()
            except grpc.RpcError as error:
                await self._mend(error)
                continue
            if message is None:
                await self._mend(None)
            elif self._progress.hand_out(message):
                return message
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends the watch at once, also while another task waits for a message."""
        self._closed.set()
        self._end_stream()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _receive(self) -> WatchDeliveriesResponse | None:
        """The next message of the stream; None where it ends without an error."""
        task = asyncio.current_task()
        cancelled_before = task.cancelling() if task is not None else 0
        try:
            if self._call is None:
                self._call = self._query.WatchDeliveries(self._progress.begin_stream())
            message = await self._call.read()
        except asyncio.CancelledError:
            self._end_stream()
            if task is not None and task.cancelling() > cancelled_before:
                raise
            # The call was, by `close` or by the end of the client.
            raise call_error(grpc.StatusCode.CANCELLED, "the client is closed") from None
        except grpc.aio.UsageError as error:
            raise call_error(grpc.StatusCode.CANCELLED, "the client is closed") from error
        return None if message is grpc.aio.EOF else message

    async def _mend(self, error: grpc.RpcError | None) -> None:
        """Waits until a stream may be opened again, or keeps what ended the watch."""
        self._end_stream()
        if self._closed.is_set():
            return
        wait = self._progress.wait_after(error)
        if wait is None:
            self._error = error
            return
        try:
            async with asyncio.timeout(wait):
                await self._closed.wait()
        except TimeoutError:
            pass

    def _end_stream(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
