"""Errors of gRPC that no call of gRPC's own has raised."""

import grpc
from google.rpc.status_pb2 import Status

STATUS_DETAILS = "grpc-status-details-bin"
"""The trailer that a google.rpc.Status travels in."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}


def call_error(code: grpc.StatusCode, message: str) -> grpc.aio.AioRpcError:
    """An error of gRPC's own type, which a caller need not tell from those of a call.

    It is that of grpc.aio, which is a grpc.RpcError too; that of other calls cannot be made.
    """
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), message)


def error_of(status: Status) -> grpc.aio.AioRpcError:
    """The error that a call with this status would have raised."""
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    trailers = grpc.aio.Metadata((STATUS_DETAILS, status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, status.message)
