"""Errors have typed details."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from stage.samples import ACCOUNT, booking
from stage.secured import Secured
from stage.service import certificate, serving

from bookora.webhooks import Client, ErrorDetails, details_of, result_of, v1
from bookora.webhooks.call_error import error_of


def expect(error: grpc.RpcError, code: str, reason: str) -> ErrorDetails:
    """Checks code and reason, also of an error that was raised from it, and that it is known."""
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = error
    details = details_of(wrapped)
    assert (details.code.name, details.reason) == (code, reason), error
    assert v1.ErrorReason.Name(details.known_reason) == f"ERROR_REASON_{reason}"
    assert details == details_of(error)
    return details


def test_the_violations_of_fields_are_typed(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        client.publish(booking("bkg_1", price=-1))
    (violation,) = expect(refused.value, "INVALID_ARGUMENT", "INVALID_FIELDS").field_violations
    assert violation.field == "booking_created.price"
    assert violation.description


def test_a_key_that_was_used_names_the_event_and_fails_alone_in_a_batch(client: Client) -> None:
    request = booking("bkg_1")
    request.idempotency_key = "bkg_1 created"
    first = client.publish(request)
    request.booking_created.price = 151
    with pytest.raises(grpc.RpcError) as refused:
        client.publish(request)
    resource = expect(refused.value, "ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED").resource
    assert resource is not None
    assert resource.resource_name == first.event_id
    assert resource.resource_type

    batch = client.publish_batch([request, booking("bkg_2")])
    with pytest.raises(grpc.RpcError) as refused:
        result_of(batch.results[0])
    assert expect(refused.value, "ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED").resource == resource
    assert result_of(batch.results[1]).event_id


def test_the_errors_of_endpoints_are_typed(client: Client) -> None:
    admin = client.endpoint_admin
    with pytest.raises(grpc.RpcError) as refused:
        admin.GetEndpoint(
            v1.GetEndpointRequest(account_id=ACCOUNT, endpoint_id="ep_00000000000000000000000000")
        )
    expect(refused.value, "NOT_FOUND", "ENDPOINT_NOT_FOUND")
    endpoint = admin.CreateEndpoint(
        v1.CreateEndpointRequest(
            endpoint=v1.Endpoint(account_id=ACCOUNT, url="http://127.0.0.1:9/")
        )
    ).endpoint
    endpoint.etag, endpoint.description = "another", "changed"
    with pytest.raises(grpc.RpcError) as refused:
        admin.UpdateEndpoint(v1.UpdateEndpointRequest(endpoint=endpoint))
    expect(refused.value, "ABORTED", "ETAG_MISMATCH")
    rotate = v1.RotateEndpointSecretRequest(account_id=ACCOUNT, endpoint_id=endpoint.endpoint_id)
    admin.RotateEndpointSecret(rotate)
    with pytest.raises(grpc.RpcError) as refused:
        admin.RotateEndpointSecret(rotate)
    details = expect(refused.value, "FAILED_PRECONDITION", "ROTATION_IN_PROGRESS")
    assert len(details.precondition_violations) == 1


def test_what_credentials_lack_is_said(secured: Secured) -> None:
    for token, code, reason in (
        ("", "UNAUTHENTICATED", "CREDENTIALS_MISSING"),
        ("bwt_unknown", "UNAUTHENTICATED", "CREDENTIALS_INVALID"),
        (secured.viewer, "PERMISSION_DENIED", "PERMISSION_DENIED"),
    ):
        with (
            Client(secured.address, token=token, ca_certificates=secured.authority) as client,
            pytest.raises(grpc.RpcError) as refused,
        ):
            client.publish(booking("bkg_1"))
        expect(refused.value, code, reason)


def test_a_service_is_not_trusted_without_its_authority(secured: Secured) -> None:
    with Client(secured.address) as client, pytest.raises(grpc.RpcError) as refused:
        client.publish(booking("bkg_1"))
    details = details_of(refused.value)
    assert (details.code.name, details.reason) == ("UNAVAILABLE", "")


def test_a_client_shows_its_certificate_to_a_service_that_asks(tmp_path: Path) -> None:
    pem, key = certificate("server.pem"), certificate("server.key")
    authority = certificate("ca.pem")
    shown: dict[str, Any] = {"client_certificate": pem.read_bytes(), "client_key": key.read_bytes()}
    listed = v1.ListEventsRequest(account_id=ACCOUNT)
    with serving(
        tmp_path, f"--tls-cert={pem}", f"--tls-key={key}", f"--tls-client-ca={authority}"
    ) as service:
        with Client(service.address, ca_certificates=authority.read_bytes(), **shown) as client:
            client.delivery_query.ListEvents(listed)
        with Client(service.address, ca_certificates=authority.read_bytes()) as client:
            with pytest.raises(grpc.RpcError) as refused:
                client.delivery_query.ListEvents(listed)
            assert details_of(refused.value).code is grpc.StatusCode.UNAVAILABLE


def test_an_error_of_somebody_else_has_its_code_alone() -> None:
    for error, code in (
        (ValueError(), "UNKNOWN"),
        (TimeoutError(), "DEADLINE_EXCEEDED"),
        (asyncio.CancelledError(), "CANCELLED"),
        (grpc.RpcError(), "UNKNOWN"),
        (error_of(Status(code=5, message="a proxy's")), "NOT_FOUND"),
        (error_of(Status(code=99)), "UNKNOWN"),
    ):
        assert details_of(error) == ErrorDetails(grpc.StatusCode[code])


def test_details_that_cannot_be_read_are_left_out() -> None:
    prefix = "type.googleapis.com/google.rpc."
    details = [
        AnyMessage(type_url=f"{prefix}BadRequest", value=b"\xff"),
        AnyMessage(type_url=f"{prefix}Unheard", value=b""),
        AnyMessage(type_url=f"{prefix}DESCRIPTOR", value=b""),
        AnyMessage(type_url="type.example/other.Message", value=b""),
        AnyMessage(type_url="", value=b""),
    ]
    endless = AnyMessage()
    endless.Pack(RetryInfo(retry_delay=Duration(seconds=2**62)))
    status = Status(code=3, details=[*details, endless])
    assert details_of(error_of(status)) == ErrorDetails(grpc.StatusCode.INVALID_ARGUMENT)


def test_a_result_that_says_nothing_is_an_error() -> None:
    with pytest.raises(grpc.RpcError) as refused:
        result_of(v1.PublishEventResult())
    assert details_of(refused.value).code is grpc.StatusCode.INTERNAL
