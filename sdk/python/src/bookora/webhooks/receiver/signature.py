"""Signatures: HMAC-SHA256 (RFC 2104, FIPS 180-4) in the two schemes that Bookora sends."""

import base64
import hmac
from collections.abc import Sequence

from . import header
from .error import Code, WebhookError
from .secret import SecretKeys


def judge_standard(
    body: bytes, event_id: bytes, timestamp: bytes, signatures: bytes, keys: Sequence[SecretKeys]
) -> None:
    """Goes by Standard Webhooks 1.0.0: the id and the time are signed with the body."""
    # Other versions are for receivers of other times.
    given = [each[3:] for each in signatures.split(b" ") if each.startswith(b"v1,")]
    signed = b".".join([event_id, timestamp, body])
    expected = [base64.b64encode(hmac.digest(key.standard, signed, "sha256")) for key in keys]
    if not _any_match(given, expected):
        raise _mismatch(header.SIGNATURE)


def judge_bookora(
    body: bytes, signature: bytes | None, previous: bytes | None, keys: Sequence[SecretKeys]
) -> None:
    """Goes by the signature of the body alone."""
    given = [each for each in (signature, previous) if each is not None]
    if not given:
        raise missing(header.BOOKORA)
    expected = [hmac.digest(key.bookora, body, "sha256").hex().encode() for key in keys]
    if not _any_match(given, expected):
        raise _mismatch(header.BOOKORA)


def missing(name: str) -> WebhookError:
    """The error of a header that is not there."""
    return WebhookError(Code.MISSING_HEADER, f"the header {name} is missing", header=name)


def _any_match(given: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """Compares every pair, so that how long it takes does not tell which one matched."""
    matched = False
    for one in given:
        for other in expected:
            matched |= hmac.compare_digest(one, other)
    return matched


def _mismatch(name: str) -> WebhookError:
    message = (
        f"{name} was not made with one of the secrets over this body. Is the body what came, "
        "byte for byte, and is the secret that of this endpoint?"
    )
    return WebhookError(Code.NO_MATCHING_SIGNATURE, message, header=name)
