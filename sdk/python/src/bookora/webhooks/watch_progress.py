"""How far a watch has come, over any number of streams; shared by both kinds of watches."""

import grpc

from .backoff import Backoff
from .error_details import details_of
from .resumption import is_resumable
from .revisions import Revisions
from .v1 import WatchDeliveriesRequest, WatchDeliveriesResponse


class WatchProgress:
    """What was handed out and dealt with, and what was seen."""

    def __init__(self, request: WatchDeliveriesRequest | None) -> None:
        self._request = WatchDeliveriesRequest()
        if request is not None:
            self._request.CopyFrom(request)
        self.token = self._request.resume_token
        """Of the last message that was dealt with."""
        self._handed_out = ""
        self._seen = Revisions()
        self._backoff = Backoff()
        self._worked = False

    def begin_stream(self) -> WatchDeliveriesRequest:
        """The request of the next stream."""
        self._worked = False
        self._request.resume_token = self.token
        return self._request

    def deal_with_last(self) -> None:
        """The message that was handed out last was dealt with."""
        self._count(self._handed_out)

    def hand_out(self, message: WatchDeliveriesResponse) -> bool:
        """Takes a message; False where it tells nothing, or what was told."""
        self._worked = True
        self._backoff.reset()
        if self._tells(message):
            self._handed_out = message.resume_token
            return True
        # There is nothing to deal with: it counts at once.
        self._count(message.resume_token)
        return False

    def wait_after(self, error: grpc.RpcError | None) -> float | None:
        """How many seconds to wait for the next stream; None where it would mend nothing."""
        if not is_resumable(error, worked=self._worked):
            return None
        return self._backoff.next(details_of(error).retry_delay if error else None)

    def _count(self, token: str) -> None:
        # A snapshot's messages have none: a watch that is cut there begins anew.
        if token:
            self.token = token

    def _tells(self, message: WatchDeliveriesResponse) -> bool:
        if message.HasField("update"):
            return self._seen.is_new(message.update.delivery)
        return message.HasField("snapshot_complete")
