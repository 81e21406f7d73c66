"""Why a request is not taken as Bookora's, and what to answer then."""

from enum import StrEnum


class Code(StrEnum):
    """Why a request is not taken as Bookora's."""

    MISSING_HEADER = "MISSING_HEADER"
    """A header that is needed is not there; `WebhookError.header` names it."""
    INVALID_HEADER = "INVALID_HEADER"
    """A header cannot be read, or came twice; `WebhookError.header` names it."""
    TIMESTAMP_OUT_OF_TOLERANCE = "TIMESTAMP_OUT_OF_TOLERANCE"
    """The request was signed too long ago, or ahead of the clock: somebody sends a recorded request
    again, or one of the two clocks is wrong."""
    NO_MATCHING_SIGNATURE = "NO_MATCHING_SIGNATURE"
    """None of the signatures was made with one of the secrets over this body."""
    MALFORMED_BODY = "MALFORMED_BODY"
    """The body is not an event; `WebhookError.field` names what is wrong. From `verify` it means
    that the signature holds."""
    INVALID_SECRET = "INVALID_SECRET"
    """The receiver's own mistake, always a SecretError."""


class ReceiverError(Exception):
    """Whatever `verify` and `parse` raise: a WebhookError or a SecretError."""

    code: Code


class WebhookError(ReceiverError):
    """Why a request is not taken as an event of Bookora; its text is for a developer.

    `header` is the name, in lowercase, of the header that the error is about, and `field` the path
    in a malformed body, such as data.price; both are empty where it is about none.
    """

    def __init__(self, code: Code, message: str, *, header: str = "", field: str = "") -> None:
        super().__init__(f"webhook: {message}")
        self.code = code
        self.header = header
        self.field = field


class SecretError(ReceiverError):
    """A mistake of the receiver's own: it has no secret, or one that is not as Bookora shows it.

    No request can be verified until that is mended. The text says which of the secrets it is.
    """

    code = Code.INVALID_SECRET

    def __init__(self, message: str) -> None:
        super().__init__(f"webhook secrets: {message}")


def status_of(error: Exception) -> int:
    """The HTTP status to answer an error with.

    401 for a request that does not verify, which makes Bookora swap the signatures while a secret
    is being replaced; 400 for one that is no event; 500 for a SecretError and for errors of others.
    """
    if not isinstance(error, WebhookError):
        return 500
    return 400 if error.code is Code.MALFORMED_BODY else 401
