"""The keys that the receiver's secrets are."""

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from .error import SecretError

_PREFIX = "whsec_"


class SecretKeys(NamedTuple):
    """The keys that one secret is in the two schemes."""

    standard: bytes
    bookora: bytes


def read_secrets(secrets: str | Sequence[str]) -> list[SecretKeys]:
    """The keys of one secret, or of each of several."""
    texts = [secrets] if isinstance(secrets, str) else list(secrets)
    if not texts:
        raise SecretError("there is none: take it from the endpoint's page or from CreateEndpoint")
    return [_read_secret(text, f"number {i} of {len(texts)}") for i, text in enumerate(texts, 1)]


def _read_secret(text: str, which: str) -> SecretKeys:
    if not text:
        raise SecretError(f"{which} is empty")
    whole = text.encode("utf-8", "surrogatepass")
    if not text.startswith(_PREFIX):
        return SecretKeys(standard=whole, bookora=whole)
    standard = _decode(text.removeprefix(_PREFIX))
    if not standard:
        raise SecretError(
            f"{which} goes on after {_PREFIX} in something else than padded base64; "
            "it must be exactly as Bookora showed it"
        )
    return SecretKeys(standard=standard, bookora=whole)


def _decode(encoded: str) -> bytes:
    """Standard base64 (RFC 4648, section 4); empty where it is not, bit for bit."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
    # The decoder passes over bits behind the last byte, which the text then says otherwise.
    return decoded if base64.b64encode(decoded).decode() == encoded else b""
