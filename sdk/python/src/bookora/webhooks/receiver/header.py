"""The headers that a signature is made of, from whatever form a framework has headers in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from .error import Code, WebhookError


@runtime_checkable
class HasItems(Protocol):
    """A mapping, or what many frameworks have in its place: one that may have a name twice."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """All names and values."""


Headers = HasItems | Iterable[tuple[Any, Any]]
"""Headers as a framework has them, names in any case, names and values text or bytes.

A mapping, of which a value may be a list of several; an object with `items()`; a list of pairs, as
ASGI has it; or the `environ` of WSGI. A header that came twice is noticed where the form has both.
"""

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"
BOOKORA = "x-bookora-signature"
PREVIOUS = "x-bookora-signature-previous"


class SignatureHeaders(NamedTuple):
    """None for what is not there."""

    id: bytes | None
    timestamp: bytes | None
    signature: bytes | None
    bookora: bytes | None
    previous: bytes | None


def read_headers(headers: Headers) -> SignatureHeaders:
    """Finds the headers, and refuses one that came twice: which was meant nobody knows."""
    found: dict[str, list[bytes]] = {
        name: [] for name in (ID, TIMESTAMP, SIGNATURE, BOOKORA, PREVIOUS)
    }
    for name, value in _pairs(headers):
        values = found.get(_lowercase(name))
        if values is not None:
            values.extend(_values(value))
    for name, values in found.items():
        if len(values) > 1:
            message = f"the header {name} came more than once"
            raise WebhookError(Code.INVALID_HEADER, message, header=name)
    return SignatureHeaders(*(values[0] if values else None for values in found.values()))


def _pairs(headers: Headers) -> Iterator[tuple[Any, Any]]:
    pairs = headers.items() if isinstance(headers, HasItems) else headers
    if not isinstance(headers, Mapping) or "wsgi.version" not in headers:
        yield from pairs
        return
    # PEP 3333: HTTP_WEBHOOK_ID is the header webhook-id.
    for name, value in pairs:
        if name.startswith("HTTP_"):
            yield name.removeprefix("HTTP_").replace("_", "-"), value


def _lowercase(name: object) -> str:
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    # Of ASCII's letters alone: lower() would take others for them too.
    return text.lower() if text.isascii() else ""


def _values(value: object) -> Iterator[bytes]:
    if value is None:
        return
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield _bytes_of(value)
    elif isinstance(value, Iterable):
        for each in value:
            yield from _values(each)
    else:
        raise TypeError(f"a header has a value of the type {type(value).__name__}")


def _bytes_of(text: str) -> bytes:
    # Frameworks read headers as Latin-1; what has other letters was never read from one.
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
