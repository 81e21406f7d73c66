"""A JSON object of which fields are read one by one; the first that is amiss is raised."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NoReturn

from .error import Code, WebhookError

_INTEGER_MAX = 2**31 - 1

# Beyond these Python reads no integer, as that takes long: a double does then.
_INTEGER_DIGITS_MAX = 4300

# RFC 3339, section 5.6; neither a day of 24:00 nor a leap second is a time of a computer.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?"
    r"(?:Z|([+-])((?:[01]\d|2[0-3])):([0-5]\d))",
    re.ASCII,
)


class JsonObject:
    """The fields of a JSON object at a path, which is empty for the body itself."""

    def __init__(self, path: str, value: object) -> None:
        if not isinstance(value, dict):
            message = f"{path or 'the body'} is not a JSON object"
            raise WebhookError(Code.MALFORMED_BODY, message, field=path)
        self._path = path
        self.fields: dict[str, Any] = value

    def raw(self, name: str) -> Any:
        """A field of any kind."""
        if name not in self.fields:
            self._refuse(name, "is missing")
        return self.fields[name]

    def text(self, name: str) -> str:
        """A field that is a text."""
        value = self.raw(name)
        if not isinstance(value, str):
            self._refuse(name, "is not a text")
        # Half a pair of UTF-16, which JSON can spell, is no text that can be written again.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def optional_text(self, name: str) -> str | None:
        """A text, or None where the field is not there; a null is no text."""
        return self.text(name) if name in self.fields else None

    def number(self, name: str) -> float:
        """A number that is finite as a double."""
        value = self.raw(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._refuse(name, "is not a number")
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if number in (float("inf"), float("-inf")):
            self._refuse(name, "is not a number")
        return number

    def integer(self, name: str) -> int:
        """A number without a fraction, of 32 bits, however it is written."""
        number = self.number(name)
        if not number.is_integer() or abs(number) > _INTEGER_MAX:
            self._refuse(name, "is not a whole number")
        return int(number)

    def time(self, name: str) -> datetime:
        """A time of RFC 3339, cut to the microsecond."""
        read = _TIME.fullmatch(self.text(name))
        if read is None:
            self._refuse(name, "is not a time of RFC 3339")
        seconds, fraction, sign, hours, minutes = read.groups()
        microsecond = int((fraction or "").ljust(6, "0")[:6])
        try:
            time = datetime.fromisoformat(seconds)
        except ValueError:
            self._refuse(name, "is not a time of RFC 3339")
        return time.replace(microsecond=microsecond, tzinfo=_offset(sign, hours, minutes))

    def _refuse(self, name: str, why: str) -> NoReturn:
        path = f"{self._path}.{name}" if self._path else name
        raise WebhookError(Code.MALFORMED_BODY, f"{path} {why}", field=path)


def read_json(body: bytes) -> object:
    """The value in a body, or None where it is no JSON; then it is no object either."""
    try:
        # Not from the bytes: json would take UTF-16 too.
        return json.loads(
            body.decode("utf-8", "replace"),
            parse_constant=_refuse_constant,
            parse_int=_read_integer,
        )
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_integer(text: str) -> int | float:
    return int(text) if len(text) <= _INTEGER_DIGITS_MAX else float(text)


def _offset(sign: str | None, hours: str, minutes: str) -> timezone:
    if sign is None:
        return UTC
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
