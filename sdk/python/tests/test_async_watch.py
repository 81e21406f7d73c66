"""A watch tells everything once with asyncio too."""

import asyncio

import grpc
import pytest
from stage.hooks import Hooks
from stage.loop import in_loop
from stage.moody import said, serving_moody
from stage.samples import ACCOUNT, booking
from stage.service import Service

from bookora.webhooks import AsyncClient, AsyncWatch, details_of, v1

PUBLISHED = 20


async def follow(watch: AsyncWatch, told: dict[str, list[int]], deliveries: int) -> None:
    """Takes updates until this many deliveries have succeeded, in all."""
    succeeded = 0
    while succeeded < deliveries:
        delivery = (await anext(watch)).update.delivery
        told.setdefault(delivery.delivery_id, []).append(delivery.revision)
        succeeded += delivery.state == v1.Delivery.STATE_SUCCEEDED


@in_loop
async def test_a_watch_tells_every_revision_once_and_in_order_although_the_service_is_killed(
    service: Service, hooks: Hooks
) -> None:
    async with AsyncClient(f"http://{service.address}") as client:
        endpoint = v1.Endpoint(account_id=ACCOUNT, url=hooks.url)
        created = await client.endpoint_admin.CreateEndpoint(
            v1.CreateEndpointRequest(endpoint=endpoint)
        )
        hooks.secrets = [created.secret]
        told: dict[str, list[int]] = {}
        request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True)
        async with client.watch(request) as watch:
            assert (await anext(watch)).HasField("snapshot_complete")
            assert watch.resume_token == "", "it counts before it is dealt with"
            for i in range(PUBLISHED):
                await client.publish(booking(f"bkg_{i}"))
            await follow(watch, told, PUBLISHED)
            assert watch.resume_token

            await asyncio.to_thread(service.restart)
            # In between, as far as the watch can tell: it was cut and has not asked since.
            async with AsyncClient(f"http://{service.address}") as other:
                for i in range(PUBLISHED, 2 * PUBLISHED):
                    await other.publish(booking(f"bkg_{i}"))
            await follow(watch, told, PUBLISHED)
    assert len(told) == 2 * PUBLISHED
    for revisions in told.values():
        assert revisions == list(range(1, len(revisions) + 1))


@in_loop
async def test_a_watch_resumes_after_every_kind_of_break_and_drops_what_came_before() -> None:
    with serving_moody(
        said(grpc.StatusCode.UNAVAILABLE, "WATCH_AGE_REACHED"),
        None,
        said(grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCH_TOO_SLOW"),
        said(grpc.StatusCode.INTERNAL),
        said(grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED"),
    ) as service:
        async with AsyncClient(service.address) as client:
            revisions = []
            watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT))
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                async for message in watch:
                    revisions.append(message.update.delivery.revision)
            with pytest.raises(grpc.aio.AioRpcError):
                await anext(watch)
    assert details_of(ended.value).reason == "RESUME_TOKEN_EXPIRED"
    assert revisions == [0, 1, 2, 3, 4, 5]
    assert service.tokens == ["", "b", "c", "d", "e"]


@in_loop
async def test_asking_again_goes_on_where_a_wait_was_cancelled(service: Service) -> None:
    async with AsyncClient(f"http://{service.address}") as client:
        request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True)
        async with client.watch(request) as watch:
            await anext(watch)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(watch)
            token = watch.resume_token
            assert token
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await anext(watch)


@in_loop
async def test_closing_a_watch_from_another_task_ends_it_at_once(service: Service) -> None:
    async with AsyncClient(f"http://{service.address}") as client:

        async def follow_to_the_end(watch: AsyncWatch) -> list[v1.WatchDeliveriesResponse]:
            return [message async for message in watch]

        watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT))
        following = asyncio.create_task(follow_to_the_end(watch))
        while not watch.resume_token:
            await asyncio.sleep(0.001)
        watch.close()
        assert await following == []

        # Nor does it wait where nobody is there.
        await asyncio.to_thread(service.kill)
        watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT))
        following = asyncio.create_task(follow_to_the_end(watch))
        await asyncio.sleep(0)
        watch.close()
        assert await following == []


@in_loop
async def test_a_watch_that_no_new_stream_mends_ends_with_its_error(service: Service) -> None:
    client = AsyncClient(f"http://{service.address}")
    for request in (
        v1.WatchDeliveriesRequest(account_id=ACCOUNT, resume_token="no token"),
        None,
    ):
        async with client.watch(request) as watch:
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await anext(watch)
            assert details_of(ended.value).code is grpc.StatusCode.INVALID_ARGUMENT
    request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True)
    watch = client.watch(request)
    await anext(watch)
    await client.close()
    for asked in (watch, client.watch(request)):
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await anext(asked)
        assert details_of(ended.value).code is grpc.StatusCode.CANCELLED
