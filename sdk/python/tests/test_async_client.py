"""AsyncClient does with asyncio what Client does with threads."""

import inspect

import grpc
import pytest
from stage.loop import in_loop
from stage.moody import said, serving_moody
from stage.samples import ACCOUNT, booking
from stage.secured import Secured

from bookora.webhooks import AsyncClient, Client, details_of, result_of, v1


def test_both_clients_have_the_same_methods_and_options() -> None:
    def public(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") or name == "__init__"
        }

    assert public(AsyncClient) == public(Client)


@in_loop
async def test_a_service_is_called_over_tls_with_a_token(secured: Secured) -> None:
    async with AsyncClient(
        secured.address, token=secured.admin, ca_certificates=secured.authority
    ) as client:
        published = await client.publish(booking("bkg_1"))
        event = await client.delivery_query.GetEvent(
            v1.GetEventRequest(account_id=ACCOUNT, event_id=published.event_id)
        )
        assert event.event.event_id == published.event_id
        types = await client.endpoint_admin.ListEventTypes(v1.ListEventTypesRequest())
        assert len(types.event_types) == 8
        batch = await client.publish_batch([booking("bkg_2"), booking("bkg_3")])
        assert all(result_of(result).event_id for result in batch.results)
        async with client.publisher() as publisher:
            pending = await publisher.publish(booking("bkg_4"))
            assert (await pending.result()).event_id
        request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True)
        async with client.watch(request) as watch:
            assert (await anext(watch)).HasField("snapshot_complete")


@in_loop
async def test_the_details_of_an_error_are_typed(secured: Secured) -> None:
    for token, price, code, reason in (
        (secured.admin, -1.0, "INVALID_ARGUMENT", "INVALID_FIELDS"),
        (secured.viewer, 1.0, "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ("", 1.0, "UNAUTHENTICATED", "CREDENTIALS_MISSING"),
    ):
        async with AsyncClient(
            secured.address, token=token, ca_certificates=secured.authority
        ) as client:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await client.publish(booking("bkg_1", price=price))
        details = details_of(refused.value)
        assert (details.code.name, details.reason) == (code, reason)
        violated = ["booking_created.price"] if price < 0 else []
        assert [violation.field for violation in details.field_violations] == violated


@in_loop
async def test_a_call_is_tried_again_with_its_key_and_has_a_deadline() -> None:
    request = booking("bkg_1")
    with serving_moody(said(grpc.StatusCode.UNAVAILABLE)) as service:
        async with AsyncClient(service.address) as client:
            await client.publish(request)
            await client.publish(request, timeout=10)
            await client.event_ingest.PublishEvent(request, timeout=600)
        async with AsyncClient(service.address, timeout=20) as client:
            await client.publish(request)
    assert service.keys[0] == service.keys[1] != service.keys[2]
    for left, timeout in zip(service.deadlines, (30, 30, 10, 600, 20), strict=True):
        assert timeout - 5 < left < timeout + 1
    agents = {str(headers["user-agent"]).split()[0] for headers in service.headers}
    assert agents == {"bookora-webhooks-sdk-python/0.1.0"}


@in_loop
async def test_a_token_goes_along_with_every_kind_of_call_to_loopback() -> None:
    with serving_moody() as service:
        async with AsyncClient(service.address, token="bwt_1") as client:
            await client.publish(booking("bkg_1"))
            async with client.watch() as watch:
                await anext(watch)
            async with client.publisher() as publisher:
                pending = await publisher.publish(booking("bkg_1"))
            assert (await pending.result()).event_id == "evt_1"
    assert [headers["authorization"] for headers in service.headers] == ["Bearer bwt_1"] * 3


@in_loop
async def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(ValueError, match="https://host:port"):
        AsyncClient("ftp://bookora.example")
    with pytest.raises(ValueError, match="in the clear"):
        AsyncClient("http://bookora.example", token="bwt_1")
