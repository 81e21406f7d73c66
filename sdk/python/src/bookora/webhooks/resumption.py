"""Whether a new stream mends what ended one."""

import grpc

from .error_details import details_of
from .v1 import ErrorReason

# A stream that is reset, or ends before its trailers, has one of these.
_CUT = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


def is_resumable(error: grpc.RpcError | None, *, worked: bool) -> bool:
    """Whether a new stream may go better than one that the caller did not cancel.

    `worked` says whether a message had come; no error is the end of a stream without one.
    """
    # Some proxies end a stream so.
    if error is None:
        return True
    details = details_of(error)
    if details.code is grpc.StatusCode.UNAVAILABLE:
        return True
    if details.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return details.known_reason == ErrorReason.ERROR_REASON_WATCH_TOO_SLOW
    # What the service itself says has a reason. A stream that never worked is rather an error that
    # would come again.
    return details.code in _CUT and worked and not details.reason
