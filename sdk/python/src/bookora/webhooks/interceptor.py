"""What is added to the calls of a client: a deadline, and in the clear a token."""

from collections.abc import Sequence
from typing import Any

import grpc

from .connection import Connection
from .deadline import Deadlines

Interceptor = (
    grpc.UnaryUnaryClientInterceptor
    | grpc.UnaryStreamClientInterceptor
    | grpc.StreamStreamClientInterceptor
)


def interceptors_of(connection: Connection) -> Sequence[Interceptor]:
    """What a channel of this connection has."""
    deadline = DeadlineInterceptor(connection.deadlines)
    if not connection.token_in_the_clear:
        return [deadline]
    return [deadline, TokenInterceptor(connection.token_in_the_clear)]


class CallDetails(grpc.ClientCallDetails):
    """Those of a call, of which one is changed."""

    def __init__(self, details: Any, **changed: Any) -> None:
        for name in (
            "method",
            "timeout",
            "metadata",
            "credentials",
            "wait_for_ready",
            "compression",
        ):
            setattr(self, name, changed.get(name, getattr(details, name, None)))


class DeadlineInterceptor(grpc.UnaryUnaryClientInterceptor):
    """Gives a deadline to every unary call that has none."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        details = client_call_details
        if details.timeout is None:
            details = CallDetails(details, timeout=self._deadlines.of(details.method))
        return continuation(details, request)


class TokenInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Sends a token with every call."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(self._authorized(client_call_details), request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(self._authorized(client_call_details), request)

    def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return continuation(self._authorized(client_call_details), request_iterator)

    def _authorized(self, details: Any) -> CallDetails:
        return CallDetails(details, metadata=[*(details.metadata or ()), self._header])
