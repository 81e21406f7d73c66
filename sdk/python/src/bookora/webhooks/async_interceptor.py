"""What is added to the calls of an AsyncClient: a deadline, and in the clear a token."""

from collections.abc import Sequence
from typing import Any

from grpc.aio import (
    ClientInterceptor,
    Metadata,
    StreamStreamClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)

from .connection import Connection
from .deadline import Deadlines


def async_interceptors_of(connection: Connection) -> Sequence[ClientInterceptor]:
    """What a channel of this connection has; where it has them grpc.aio is told each kind apart."""
    deadline = AsyncDeadlineInterceptor(connection.deadlines)
    token = connection.token_in_the_clear
    if not token:
        return [deadline]
    return [
        deadline,
        AsyncUnaryTokenInterceptor(token),
        AsyncWatchTokenInterceptor(token),
        AsyncStreamTokenInterceptor(token),
    ]


class AsyncDeadlineInterceptor(UnaryUnaryClientInterceptor):
    """Gives a deadline to every unary call that has none."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        details = client_call_details
        if details.timeout is None:
            details = details._replace(timeout=self._deadlines.of(_name_of(details.method)))
        return await continuation(details, request)


class AsyncUnaryTokenInterceptor(UnaryUnaryClientInterceptor):
    """Sends a token with every unary call."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(_authorized(client_call_details, self._token), request)


class AsyncWatchTokenInterceptor(UnaryStreamClientInterceptor):
    """Sends a token with every watch."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(_authorized(client_call_details, self._token), request)


class AsyncStreamTokenInterceptor(StreamStreamClientInterceptor):
    """Sends a token with every stream of events."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return await continuation(_authorized(client_call_details, self._token), request_iterator)


def _authorized(details: Any, token: str) -> Any:
    metadata = Metadata(*(details.metadata or ()), ("authorization", f"Bearer {token}"))
    return details._replace(metadata=metadata)


def _name_of(method: str | bytes) -> str:
    return method.decode() if isinstance(method, bytes) else method
