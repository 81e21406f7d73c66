"""What an error of a call says to a program."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from .call_error import STATUS_DETAILS
from .v1 import ErrorReason

# The service's own errors have it; those of a connection or a proxy have not.
_ERROR_DOMAIN = "webhooks.bookora"


@dataclass(frozen=True)
class ErrorDetails:
    """What an error of a call says. Decide by `reason` or `code`, never by the text."""

    code: grpc.StatusCode
    reason: str = ""
    """One of the service's own, such as INVALID_FIELDS, also where this SDK does not know it yet.
    Empty where the error is not the service's: it is the connection's, say."""
    known_reason: ErrorReason.ValueType = ErrorReason.ERROR_REASON_UNSPECIFIED
    """`reason` where this SDK knows it, else ERROR_REASON_UNSPECIFIED."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the service says beside, such as the incident_id of an INTERNAL."""
    field_violations: Sequence[error_details_pb2.BadRequest.FieldViolation] = ()
    """The path and the description of each bad field, at most 25."""
    retry_delay: timedelta | None = None
    """When to come back, at the soonest; None where the service does not say."""
    resource: error_details_pb2.ResourceInfo | None = None
    """What the error is about, such as the endpoint that is not found."""
    precondition_violations: Sequence[error_details_pb2.PreconditionFailure.Violation] = ()
    """What has to be otherwise first."""
    quota_violations: Sequence[error_details_pb2.QuotaFailure.Violation] = ()
    """What is used up."""


def details_of(error: BaseException) -> ErrorDetails:
    """Reads the details of an error that a call raised, or of the one that it was raised from.

    Of any other error it has the code alone: DEADLINE_EXCEEDED of a TimeoutError, CANCELLED of an
    asyncio.CancelledError, else UNKNOWN.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, grpc.RpcError):
            return _read(cause)
        cause = cause.__cause__
    if isinstance(error, TimeoutError):
        return ErrorDetails(grpc.StatusCode.DEADLINE_EXCEEDED)
    if isinstance(error, asyncio.CancelledError):
        return ErrorDetails(grpc.StatusCode.CANCELLED)
    return ErrorDetails(grpc.StatusCode.UNKNOWN)


def _read(error: grpc.RpcError) -> ErrorDetails:
    # Both of gRPC's kinds of calls have these, and neither says so in a type that they share.
    call: Any = error
    code = call.code() if hasattr(error, "code") else grpc.StatusCode.UNKNOWN
    trailers = call.trailing_metadata() if hasattr(error, "trailing_metadata") else None
    read: dict[str, Any] = {}
    for detail in _details_in(trailers or ()):
        read |= _read_detail(detail)
    return ErrorDetails(code, **read)


def _details_in(trailers: Iterable[tuple[str, str | bytes]]) -> Iterable[AnyMessage]:
    for name, value in trailers:
        if name == STATUS_DETAILS and isinstance(value, bytes):
            try:
                return Status.FromString(value).details
            except DecodeError:
                return ()
    return ()


def _read_detail(detail: AnyMessage) -> dict[str, Any]:
    """The fields of ErrorDetails that one message of google.rpc has (AIP-193)."""
    for message_type, read in _READERS.items():
        message = message_type()
        try:
            if detail.Unpack(message):
                return read(message)
        # Whoever sent it is not the service: its bytes are none, or its time has no end.
        except (DecodeError, OverflowError):
            break
    return {}


def _read_info(info: error_details_pb2.ErrorInfo) -> dict[str, Any]:
    if info.domain != _ERROR_DOMAIN:
        return {}
    known = ErrorReason.DESCRIPTOR.values_by_name.get(f"ERROR_REASON_{info.reason}")
    return {
        "reason": info.reason,
        "known_reason": known.number if known else ErrorReason.ERROR_REASON_UNSPECIFIED,
        "metadata": dict(info.metadata),
    }


_READERS: Mapping[type[Message], Callable[[Any], dict[str, Any]]] = {
    error_details_pb2.ErrorInfo: _read_info,
    error_details_pb2.BadRequest: lambda bad: {"field_violations": list(bad.field_violations)},
    error_details_pb2.RetryInfo: lambda retry: {"retry_delay": retry.retry_delay.ToTimedelta()},
    error_details_pb2.ResourceInfo: lambda resource: {"resource": resource},
    error_details_pb2.PreconditionFailure: lambda failure: {
        "precondition_violations": list(failure.violations)
    },
    error_details_pb2.QuotaFailure: lambda failure: {"quota_violations": list(failure.violations)},
}
