"""The events of a publisher that have no result, in their order; shared by both kinds."""

import math
from collections import deque
from typing import Generic, Protocol, TypeVar

import grpc

from .call_error import call_error
from .result import result_of
from .v1 import PublishEventRequest, PublishEventResponse, PublishEventResult

OUTSTANDING_MAX = 256
"""The service reads no more requests of a stream whose results were not read."""

GIVE_UP_AFTER = 120.0
"""For how many seconds there may be no result."""


class Outstanding(Protocol):
    """An event that waits for its result."""

    request: PublishEventRequest

    def settle(
        self, response: PublishEventResponse | None = None, error: grpc.RpcError | None = None
    ) -> None:
        """Takes the result."""


P = TypeVar("P", bound=Outstanding)


class Backlog(Generic[P]):
    """Whoever uses it sees to it that two do not at once. Times are in seconds, of any clock."""

    def __init__(self, outstanding_max: int, give_up_after: float) -> None:
        if not 1 <= outstanding_max <= OUTSTANDING_MAX:
            raise ValueError(f"{outstanding_max} outstanding events are not 1-{OUTSTANDING_MAX}")
        if not 0 < give_up_after < math.inf:
            raise ValueError(f"to give up after {give_up_after} s is not after more than 0")
        self._max = outstanding_max
        self._give_up_after = give_up_after
        self._pendings: deque[P] = deque()
        # How many of them were sent over the stream that is open.
        self._sent = 0
        # When a result came last, or the first of what waits was handed in.
        self._progress = 0.0
        # What ended the last stream, for people to read.
        self._broken: grpc.RpcError | None = None
        self.failure: grpc.RpcError | None = None
        """Set once; nothing is added then."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is outstanding."""
        return not self._pendings

    @property
    def is_full(self) -> bool:
        """Whether as many as may be are outstanding."""
        return len(self._pendings) >= self._max

    @property
    def has_unsent(self) -> bool:
        """Whether something is to be sent over the stream that is open."""
        return self._sent < len(self._pendings)

    @property
    def last(self) -> P | None:
        """What was handed in last, and is outstanding."""
        return self._pendings[-1] if self._pendings else None

    def add(self, pending: P, now: float) -> None:
        """Hands in an event, behind the others."""
        if self.is_empty:
            self._progress = now
        self._pendings.append(pending)

    def next_to_send(self) -> P:
        """The first that was not sent over the stream that is open."""
        self._sent += 1
        return self._pendings[self._sent - 1]

    def send_again(self, broken: grpc.RpcError | None) -> None:
        """A stream broke: what has no result is sent once more over the next."""
        self._sent, self._broken = 0, broken

    def settle_first(self, result: PublishEventResult, now: float) -> None:
        """Takes a result. Errors: that of a stream that has one of nothing that was sent."""
        if self._sent == 0:
            message = "the service sent a result that nothing waits for"
            raise call_error(grpc.StatusCode.FAILED_PRECONDITION, message)
        first = self._pendings.popleft()
        self._sent -= 1
        self._progress, self._broken = now, None
        try:
            first.settle(response=result_of(result))
        except grpc.RpcError as error:
            first.settle(error=error)

    def fail(self, error: grpc.RpcError) -> None:
        """Gives everything that has no result this error, and says so to what comes."""
        if self.failure is not None:
            return
        self.failure = error
        for pending in self._pendings:
            pending.settle(error=error)
        self._pendings.clear()
        self._sent = 0

    def patience(self, now: float) -> float:
        """For how many seconds more to wait for a result; 0 or less where it was long enough."""
        if self.is_empty:
            return self._give_up_after
        return self._progress + self._give_up_after - now

    def no_result(self) -> grpc.RpcError:
        """The error of a publisher that gave up."""
        why = "the service does not answer"
        if self._broken is not None:
            why = f"the last stream ended with {self._broken.code().name}: {self._broken.details()}"
        message = f"no result for {self._give_up_after:g} s: {why}"
        return call_error(grpc.StatusCode.UNAVAILABLE, message)


class PublisherClosedError(RuntimeError):
    """An event was handed to a publisher that is closed."""

    def __init__(self) -> None:
        super().__init__("the publisher is closed")
