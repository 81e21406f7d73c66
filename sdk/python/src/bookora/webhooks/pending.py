"""An event that was handed to a Publisher."""

import threading

import grpc

from .v1 import PublishEventRequest, PublishEventResponse


class Pending:
    """An event that was handed to a Publisher; may be used from any thread."""

    def __init__(self, request: PublishEventRequest) -> None:
        self.request = request
        """The request as it is sent, with its idempotency key. Do not change it."""
        self._done = threading.Event()
        self._response: PublishEventResponse | None = None
        self._error: grpc.RpcError | None = None

    def result(self, timeout: float | None = None) -> PublishEventResponse:
        """Waits until the event is on disk, or refused; at most `timeout` seconds.

        Errors: grpc.RpcError, of this event alone, as `Client.publish` would have raised it, or the
        one that the publisher gave up with. An event with UNAVAILABLE may be published again, as
        `request` has it. TimeoutError where there is no result yet; the event is published all the
        same.
        """
        if not self.wait(timeout):
            raise TimeoutError("the event has no result yet")
        if self._error is not None:
            raise self._error.with_traceback(None)
        assert self._response is not None, "a result is a response or an error"
        return self._response

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the result, at most `timeout` seconds, and says whether there is one."""
        return self._done.wait(timeout)

    def done(self) -> bool:
        """Whether there is a result."""
        return self._done.is_set()

    def settle(
        self, response: PublishEventResponse | None = None, error: grpc.RpcError | None = None
    ) -> None:
        """For the publisher: this is the result."""
        self._response, self._error = response, error
        self._done.set()
