"""Which revisions of deliveries a watch has told of."""

from collections import OrderedDict

from .v1 import Delivery

DELIVERIES_MAX = 100_000
"""About 20 MB. What is forgotten comes at worst a second time, after a resume."""


class Revisions:
    """The last revision of each delivery; the one seen least recently is forgotten first."""

    def __init__(self, deliveries_max: int = DELIVERIES_MAX) -> None:
        self._max = deliveries_max
        self._last: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._last)

    def is_new(self, delivery: Delivery) -> bool:
        """Whether the delivery was not seen at this revision or a later one; remembers it."""
        last = self._last.pop(delivery.delivery_id, None)
        is_new = last is None or delivery.revision > last
        self._last[delivery.delivery_id] = (
            delivery.revision if last is None else max(last, delivery.revision)
        )
        if len(self._last) > self._max:
            self._last.popitem(last=False)
        return is_new
