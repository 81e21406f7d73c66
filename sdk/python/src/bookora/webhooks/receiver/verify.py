"""Verifies a request: its headers, its age, its signature, then its body."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from . import header
from .error import Code, WebhookError
from .event import Event
from .header import Headers, SignatureHeaders, read_headers
from .parse import parse
from .secret import SecretKeys, read_secrets
from .signature import judge_bookora, judge_standard, missing

BODY_BYTES_MAX = (256 + 16) * 1024
"""The longest body that a receiver need read: Bookora's 256 KiB, and room for a service that allows
a little more. Answer 413 to a longer one."""

DEFAULT_TOLERANCE = timedelta(minutes=5)
"""How far a request's time may be from the clock, either way."""

# More digits are no seconds: twelve reach for 30,000 years, milliseconds have thirteen. No sign,
# space or fraction.
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


def verify(
    body: bytes,
    headers: Headers,
    secrets: str | Sequence[str],
    *,
    tolerance: timedelta | None = DEFAULT_TOLERANCE,
    now: Callable[[], float] = time.time,
) -> Event:
    """Says whether a request was signed with one of the secrets, and reads its event.

    `body` is what came, byte for byte: not parsed and written again. `headers` is whatever the
    framework has: see Headers. `secrets` are the texts that Bookora showed: one, or during a
    rotation both.

    Where there is a webhook-signature it alone decides (Standard Webhooks 1.0.0), and the request's
    time must be within `tolerance`, either way, compared to the second. `tolerance=None` takes
    requests of any age, and those that have an X-Bookora-Signature alone. Whoever recorded a
    request can then send it again: it is for stored requests, and for receivers that remember every
    event's id. `now` is the clock, in seconds since 1970.

    Errors: WebhookError for a request that does not verify, SecretError for secrets that cannot be
    used.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"the body is of the type {type(body).__name__}; give the bytes that came")
    keys = read_secrets(secrets)
    _judge(body, read_headers(headers), keys, tolerance, now)
    return parse(body)


def _judge(
    body: bytes,
    signed: SignatureHeaders,
    keys: Sequence[SecretKeys],
    tolerance: timedelta | None,
    now: Callable[[], float],
) -> None:
    if signed.signature is None:
        if tolerance is not None:
            # Else whoever strips it from a recorded request would get past the check of its age.
            raise missing(header.SIGNATURE)
        judge_bookora(body, signed.bookora, signed.previous, keys)
        return
    if signed.id is None:
        raise missing(header.ID)
    if signed.timestamp is None:
        raise missing(header.TIMESTAMP)
    seconds = _read_timestamp(signed.timestamp)
    if tolerance is not None:
        _judge_age(seconds - int(now() // 1), int(tolerance.total_seconds()))
    judge_standard(body, signed.id, signed.timestamp, signed.signature, keys)


def _judge_age(ahead: int, tolerance: int) -> None:
    """Both are in seconds; a tolerance below 0 is 0."""
    tolerance = max(tolerance, 0)
    if abs(ahead) <= tolerance:
        return
    where = "behind" if ahead < 0 else "ahead of"
    message = (
        f"{header.TIMESTAMP} is {abs(ahead)} s {where} this clock; {tolerance} s are tolerated"
    )
    raise WebhookError(Code.TIMESTAMP_OUT_OF_TOLERANCE, message, header=header.TIMESTAMP)


def _read_timestamp(text: bytes) -> int:
    if not _TIMESTAMP.fullmatch(text):
        message = f"{header.TIMESTAMP} is not a whole number of seconds since 1970"
        raise WebhookError(Code.INVALID_HEADER, message, header=header.TIMESTAMP)
    return int(text)
