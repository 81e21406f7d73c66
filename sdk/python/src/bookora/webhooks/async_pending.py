"""An event that was handed to an AsyncPublisher."""

import asyncio

import grpc

from .v1 import PublishEventRequest, PublishEventResponse


class AsyncPending:
    """An event that was handed to an AsyncPublisher."""

    def __init__(self, request: PublishEventRequest) -> None:
        self.request = request
        """The request as it is sent, with its idempotency key. Do not change it."""
        self._done = asyncio.Event()
        self._response: PublishEventResponse | None = None
        self._error: grpc.RpcError | None = None

    async def result(self) -> PublishEventResponse:
        """Waits until the event is on disk, or refused.

        Where the wait is cancelled, the event is published all the same.

        Errors: grpc.RpcError, of this event alone, as `AsyncClient.publish` would have raised it,
        or the one that the publisher gave up with. An event with UNAVAILABLE may be published
        again, as `request` has it.
        """
        await self.wait()
        if self._error is not None:
            raise self._error.with_traceback(None)
        assert self._response is not None, "a result is a response or an error"
        return self._response

    async def wait(self) -> None:
        """Waits until there is a result."""
        await self._done.wait()

    def done(self) -> bool:
        """Whether there is a result."""
        return self._done.is_set()

    def settle(
        self, response: PublishEventResponse | None = None, error: grpc.RpcError | None = None
    ) -> None:
        """For the publisher: this is the result."""
        self._response, self._error = response, error
        self._done.set()
