"""The deadline of a unary call that has none."""

from collections.abc import Mapping
from dataclasses import dataclass

# Longer than the one for all others: it is made longer, never shorter, by the caller's choice.
_TEST_ENDPOINT = "/bookora.webhooks.v1.EndpointAdmin/TestEndpoint"

# Of a method that the published config has nothing about, such as one of a later service.
_TIMEOUT_DEFAULT = 30.0


@dataclass(frozen=True)
class Deadlines:
    """How long each method may take, in seconds."""

    published: Mapping[str, float]
    """By full name of a method, or of a service with a slash behind."""
    chosen: float | None
    """In place of the published one."""

    def of(self, method: str) -> float:
        """The timeout of a method by its full name, such as /bookora.webhooks.v1.EventIngest/…."""
        service = method[: method.rindex("/") + 1]
        default = self.published.get(service, _TIMEOUT_DEFAULT)
        timeout = self.published.get(method, default)
        if self.chosen is None:
            return timeout
        return max(timeout, self.chosen) if method == _TEST_ENDPOINT else self.chosen
