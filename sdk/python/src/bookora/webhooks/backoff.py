"""How long to wait before a stream is opened again."""

import random
from collections.abc import Callable
from datetime import timedelta

FIRST = 0.1
"""The longest first wait, in seconds."""

LONGEST = 10.0
"""The longest wait, in seconds: a service that comes back is found within this."""

ASKED_LONGEST = timedelta(days=1)
"""The longest wait that a service may ask for: threads cannot wait for as long as it can say."""


class Backoff:
    """Waits of full jitter, so that not all clients come back at once."""

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        self._longest = FIRST

    def next(self, asked: timedelta | None) -> float:
        """The wait before the next try, in seconds: what the service asked for, if it did."""
        longest = self._longest
        self._longest = min(2 * longest, LONGEST)
        if asked is not None and asked > timedelta(0):
            return min(asked, ASKED_LONGEST).total_seconds()
        return self._uniform(0, longest)

    def reset(self) -> None:
        """Begins anew, after a message."""
        self._longest = FIRST
