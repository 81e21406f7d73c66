"""Follows deliveries."""

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import grpc

from .call_error import call_error
from .v1 import WatchDeliveriesRequest, WatchDeliveriesResponse
from .v1.delivery_query_pb2_grpc import DeliveryQueryStub
from .watch_progress import WatchProgress


class Watch(Iterator[WatchDeliveriesResponse]):
    """The messages that tell something: each update, once, and snapshot_complete after a snapshot.

    It goes over any number of streams: it opens another after every disconnect, where the one
    before ended. It waits for the next message, and stops when it is closed. What a new stream does
    not mend, such as a resume token that has expired, it raises. `close` and `resume_token` may be
    used from any thread, the rest from one at a time::

        with client.watch(WatchDeliveriesRequest(account_id="acct_1")) as watch:
            for message in watch:
                print(message.update.delivery.state)
    """

    def __init__(self, query: DeliveryQueryStub, request: WatchDeliveriesRequest | None) -> None:
        self._query = query
        self._progress = WatchProgress(request)
        # Makes of opening a stream, and of cancelling it where the watch is closed, one
        # step; a handler of signals may close while this is held.
        self._opening = threading.RLock()
        self._closed = threading.Event()
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

    def __next__(self) -> WatchDeliveriesResponse:
        """Asking for it says that the message before was dealt with."""
        self._progress.deal_with_last()
        while not self._closed.is_set():
            if self._error is not None:
                raise self._error.with_traceback(None)
            try:
                message = self._receive()
            except grpc.RpcError as error:
                self._mend(error)
                continue
            if message is None:
                self._mend(None)
            elif self._progress.hand_out(message):
                return message
        raise StopIteration

    def close(self) -> None:
        """Ends the watch at once, also while another thread waits for a message."""
        with self._opening:
            self._closed.set()
            if self._call is not None:
                self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _receive(self) -> WatchDeliveriesResponse | None:
        """The next message of the stream; None where it ends without an error."""
        with self._opening:
            if self._call is None:
                self._call = self._open()
            if self._closed.is_set():
                self._call.cancel()
        message: WatchDeliveriesResponse | None = next(self._call, None)
        return message

    def _open(self) -> object:
        try:
            return self._query.WatchDeliveries(self._progress.begin_stream())
        except ValueError as error:
            # What gRPC says of a channel that is closed.
            raise call_error(grpc.StatusCode.CANCELLED, "the client is closed") from error

    def _mend(self, error: grpc.RpcError | None) -> None:
        """Waits until a stream may be opened again, or keeps what ended the watch."""
        self._call = None
        if self._closed.is_set():
            return
        wait = self._progress.wait_after(error)
        if wait is None:
            self._error = error
        else:
            self._closed.wait(wait)
