"""Every RPC of the contract has a result, over TLS and with a token."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import ParseDict
from google.protobuf.timestamp_pb2 import Timestamp
from stage.hooks import Hooks
from stage.samples import booking
from stage.secured import Secured
from stage.service import PATIENCE, ROOT

from bookora.webhooks import Client, result_of, v1
from bookora.webhooks.v1 import delivery_query_pb2, endpoint_admin_pb2, event_ingest_pb2

ACCOUNT = "acct_contract"


class Calls(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """The full name of every RPC that a client called."""

    def __init__(self) -> None:
        self.called: set[str] = set()

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return self._passed_on(continuation, client_call_details, request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return self._passed_on(continuation, client_call_details, request)

    def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        return self._passed_on(continuation, client_call_details, request_iterator)

    def _passed_on(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        self.called.add(details.method)
        return continuation(details, request)


def methods_of_the_contract() -> set[str]:
    return {
        f"/{service.full_name}/{method.name}"
        for file in (delivery_query_pb2, endpoint_admin_pb2, event_ingest_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def test_every_rpc_of_the_contract_has_a_result(secured: Secured, hooks: Hooks) -> None:
    calls = Calls()
    with Client(
        secured.address,
        token=secured.admin,
        ca_certificates=secured.authority,
        interceptors=[calls],
    ) as client:
        endpoint = create_and_read(client, hooks)
        publish_every_body(client, hooks)
        publish_batch_and_stream(client, hooks)
        rotate_and_revoke(client, hooks, endpoint)
        try_and_list_types(client, endpoint)
        delivery = fail_and_resend(client, hooks)
        query(client, delivery)
        disable_recover_and_delete(client, hooks, endpoint)
    assert len(calls.called) > 20
    assert calls.called == methods_of_the_contract()
    assert not hooks.refused


def create_and_read(client: Client, hooks: Hooks) -> v1.Endpoint:
    admin = client.endpoint_admin
    created = admin.CreateEndpoint(
        v1.CreateEndpointRequest(endpoint=v1.Endpoint(account_id=ACCOUNT, url=hooks.url))
    )
    hooks.secrets = [created.secret]
    named: dict[str, Any] = {"account_id": ACCOUNT, "endpoint_id": created.endpoint.endpoint_id}
    got = admin.GetEndpoint(v1.GetEndpointRequest(**named))
    listed = admin.ListEndpoints(v1.ListEndpointsRequest(account_id=ACCOUNT))
    assert got.endpoint.url == hooks.url
    assert [endpoint.url for endpoint in listed.endpoints] == [hooks.url]
    changed = v1.Endpoint(
        **named, etag=created.endpoint.etag, description="Front desk", url="not taken"
    )
    updated = admin.UpdateEndpoint(
        v1.UpdateEndpointRequest(endpoint=changed, update_mask=FieldMask(paths=["description"]))
    ).endpoint
    assert (updated.description, updated.url) == ("Front desk", hooks.url)
    secret = admin.GetEndpointSecret(v1.GetEndpointSecretRequest(**named))
    assert secret.secret == created.secret
    return updated


def publish_every_body(client: Client, hooks: Hooks) -> None:
    """Publishes what the vectors have of every type; the receiver gets their bodies."""
    vectors = json.loads((ROOT / "tests/vectors/webhooks.json").read_text())["bodies"]
    assert vectors
    for vector in vectors:
        request = ParseDict(vector["request"], v1.PublishEventRequest())
        request.account_id = ACCOUNT
        event_id = client.publish(request).event_id
        expected = vector["body"].replace(vector["id"], event_id, 1)
        assert hooks.wait_for(event_id).raw.decode() == expected


def publish_batch_and_stream(client: Client, hooks: Hooks) -> None:
    batch = client.publish_batch([booking("bkg_b1", ACCOUNT), booking("bkg_b2", ACCOUNT)])
    for result in batch.results:
        hooks.wait_for(result_of(result).event_id)
    with client.publisher() as publisher:
        pending = publisher.publish(booking("bkg_s1", ACCOUNT))
        hooks.wait_for(pending.result().event_id)


def rotate_and_revoke(client: Client, hooks: Hooks, endpoint: v1.Endpoint) -> None:
    """Sees a delivery verify with each secret alone while both sign."""
    admin = client.endpoint_admin
    named: dict[str, Any] = {"account_id": ACCOUNT, "endpoint_id": endpoint.endpoint_id}
    old = admin.GetEndpointSecret(v1.GetEndpointSecretRequest(**named))
    rotated = admin.RotateEndpointSecret(
        v1.RotateEndpointSecretRequest(**named, overlap=Duration(seconds=3600))
    )
    for secrets in ([old.secret], [rotated.secret], [old.secret, rotated.secret]):
        hooks.secrets = secrets
        hooks.wait_for(client.publish(booking("bkg_r", ACCOUNT)).event_id)
    revoked = admin.RevokeEndpointSecret(
        v1.RevokeEndpointSecretRequest(**named, secret_id=old.secret_id)
    )
    assert len(revoked.endpoint.secrets) == 1


def try_and_list_types(client: Client, endpoint: v1.Endpoint) -> None:
    tried = client.endpoint_admin.TestEndpoint(
        v1.TestEndpointRequest(account_id=ACCOUNT, endpoint_id=endpoint.endpoint_id)
    )
    assert tried.attempt.outcome == v1.Attempt.OUTCOME_SUCCEEDED
    types = client.endpoint_admin.ListEventTypes(v1.ListEventTypesRequest())
    assert len(types.event_types) == 8


def wait_for_state(
    client: Client, event_id: str, state: v1.Delivery.State.ValueType
) -> v1.Delivery:
    """Watches the deliveries of an event, closed ones too, until one is in a state."""
    request = v1.WatchDeliveriesRequest(
        account_id=ACCOUNT,
        include_snapshot=True,
        filter=v1.DeliveryFilter(event_ids=[event_id]),
    )
    with client.watch(request) as watch:
        return next(
            message.update.delivery for message in watch if message.update.delivery.state == state
        )


def fail_and_resend(client: Client, hooks: Hooks) -> v1.Delivery:
    """Has a delivery refused, cancels it and sends it again."""
    admin = client.endpoint_admin
    hooks.status = 503
    event_id = client.publish(booking("bkg_refused", ACCOUNT)).event_id
    delivery = wait_for_state(client, event_id, v1.Delivery.STATE_RETRYING)
    named: dict[str, Any] = {"account_id": ACCOUNT, "delivery_id": delivery.delivery_id}
    cancelled = admin.CancelDelivery(v1.CancelDeliveryRequest(**named))
    assert cancelled.delivery.state == v1.Delivery.STATE_CANCELLED
    hooks.status = 204
    resent = admin.ResendDelivery(v1.ResendDeliveryRequest(**named))
    assert resent.delivery.state == v1.Delivery.STATE_PENDING
    return wait_for_state(client, event_id, v1.Delivery.STATE_SUCCEEDED)


def query(client: Client, delivery: v1.Delivery) -> None:
    asked = client.delivery_query
    named: dict[str, Any] = {"account_id": ACCOUNT, "delivery_id": delivery.delivery_id}
    event = asked.GetEvent(v1.GetEventRequest(account_id=ACCOUNT, event_id=delivery.event_id)).event
    full = asked.GetDelivery(
        v1.GetDeliveryRequest(**named, view=v1.DeliveryView.DELIVERY_VIEW_FULL)
    )
    assert event.payload
    assert event.payload == full.delivery.payload
    attempts = asked.ListAttempts(v1.ListAttemptsRequest(**named)).attempts
    assert [attempt.http_status for attempt in attempts] == [503, 204]
    events = asked.ListEvents(v1.ListEventsRequest(account_id=ACCOUNT, page_size=2))
    deliveries = asked.ListDeliveries(v1.ListDeliveriesRequest(account_id=ACCOUNT, page_size=2))
    assert (len(events.events), len(deliveries.deliveries)) == (2, 2)
    assert deliveries.watch_token
    deadline = time.monotonic() + PATIENCE
    stats = v1.GetDeliveryStatsRequest(account_id=ACCOUNT)
    # They follow by about a second.
    while asked.GetDeliveryStats(stats).succeeded_count < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def disable_recover_and_delete(client: Client, hooks: Hooks, endpoint: v1.Endpoint) -> None:
    """Misses an event while the endpoint is off, and gets it afterwards."""
    admin = client.endpoint_admin
    named: dict[str, Any] = {"account_id": ACCOUNT, "endpoint_id": endpoint.endpoint_id}
    before = Timestamp()
    before.FromDatetime(datetime.now(UTC) - timedelta(hours=1))
    disabled = admin.DisableEndpoint(v1.DisableEndpointRequest(**named, reason="moving"))
    assert disabled.endpoint.state_reason == "moving"
    missed = client.publish(booking("bkg_missed", ACCOUNT))
    assert missed.delivery_count == 0
    enabled = admin.EnableEndpoint(v1.EnableEndpointRequest(**named))
    assert enabled.endpoint.state == v1.Endpoint.STATE_ACTIVE
    recovered = admin.RecoverEndpoint(
        v1.RecoverEndpointRequest(
            **named, start_time=before, include=[v1.RecoveryKind.RECOVERY_KIND_MISSED]
        )
    )
    assert recovered.delivery_count == 1
    hooks.wait_for(missed.event_id)
    admin.DeleteEndpoint(v1.DeleteEndpointRequest(**named))
    assert not admin.ListEndpoints(v1.ListEndpointsRequest(account_id=ACCOUNT)).endpoints
