"""What came of one request of a batch, or of a stream."""

import grpc

from .call_error import call_error, error_of
from .v1 import PublishEventResponse, PublishEventResult


def result_of(result: PublishEventResult) -> PublishEventResponse:
    """The response to one request of a batch.

    Errors: the one that `publish` would have raised for this request, a grpc.RpcError.
    """
    match result.WhichOneof("result"):
        case "published":
            return result.published
        case "error":
            raise error_of(result.error)
    raise call_error(
        grpc.StatusCode.INTERNAL, "the service sent a result that is neither published nor an error"
    )
