"""The SDK of Bookora Webhooks, for services that publish events or follow deliveries.

A Client, or with asyncio an AsyncClient, has the three generated stubs, and what stubs lack: keys
that make a retried publish safe, a publisher that goes on where its stream broke, a watch that
resumes. `details_of` reads the details of an error; errors are those of grpcio.

Receivers of webhooks use `bookora.webhooks.receiver`, which imports no gRPC: nor does this package
before a name of it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .version import VERSION

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .async_pending import AsyncPending
    from .async_publisher import AsyncPublisher
    from .async_watch import AsyncWatch
    from .backlog import PublisherClosedError
    from .client import Client
    from .error_details import ErrorDetails, details_of
    from .pending import Pending
    from .publisher import Publisher
    from .result import result_of
    from .watch import Watch

__all__ = [
    "VERSION",
    "AsyncClient",
    "AsyncPending",
    "AsyncPublisher",
    "AsyncWatch",
    "Client",
    "ErrorDetails",
    "Pending",
    "Publisher",
    "PublisherClosedError",
    "Watch",
    "details_of",
    "result_of",
]

_MODULES = {
    "AsyncClient": ".async_client",
    "AsyncPending": ".async_pending",
    "AsyncPublisher": ".async_publisher",
    "AsyncWatch": ".async_watch",
    "Client": ".client",
    "ErrorDetails": ".error_details",
    "Pending": ".pending",
    "Publisher": ".publisher",
    "PublisherClosedError": ".backlog",
    "Watch": ".watch",
    "details_of": ".error_details",
    "result_of": ".result",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __package__), name)
