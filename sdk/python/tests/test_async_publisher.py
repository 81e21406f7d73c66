"""A stream of events is published with asyncio as it is with threads."""

import asyncio
import time
from collections.abc import Callable

import grpc
import pytest
from stage.ledger import expect_stored_in_order
from stage.loop import in_loop
from stage.samples import booking
from stage.service import Service

from bookora.webhooks import AsyncClient, AsyncPending, Client, PublisherClosedError, details_of

EVENTS = 10_000
# Fewer than the default, so that the bound is seen to hold.
BOUND = 200


async def publish_many(service: Service, account: str, halfway: Callable[[], object]) -> None:
    """Hands in bookings one by one, and calls halfway before the middle one.

    Sees that results come in order, and that no more events are outstanding than may be.
    """
    async with AsyncClient(f"http://{service.address}") as client:
        publisher = client.publisher(outstanding_max=BOUND)
        pendings: list[AsyncPending] = []
        settled = most = 0
        began = time.monotonic()
        for i in range(EVENTS):
            if i == EVENTS // 2:
                await asyncio.to_thread(halfway)
            pendings.append(await publisher.publish(booking(f"bkg_{i}", account)))
            while settled < len(pendings) and pendings[settled].done():
                settled += 1
            most = max(most, len(pendings) - settled)
        await publisher.close()
        rate = EVENTS / (time.monotonic() - began)
        print(f"{rate:.0f} events/s, at most {most} outstanding")
        assert 2 <= most <= BOUND
        assert len({(await pending.result()).event_id for pending in pendings}) == EVENTS


def expect_stored(service: Service, account: str) -> None:
    with Client(f"http://{service.address}") as client:
        expect_stored_in_order(client, account, EVENTS)


def test_ten_thousand_events_are_stored_in_order_within_the_bound(service: Service) -> None:
    in_loop(publish_many)(service, "acct_many", lambda: None)
    expect_stored(service, "acct_many")


def test_events_are_stored_once_and_in_order_where_the_service_is_killed_meanwhile(
    service: Service,
) -> None:
    in_loop(publish_many)(service, "acct_killed", service.restart)
    expect_stored(service, "acct_killed")


@in_loop
async def test_a_refused_event_fails_alone_and_those_behind_it_go_on(service: Service) -> None:
    async with AsyncClient(f"http://{service.address}") as client:
        async with client.publisher() as publisher:
            bad = await publisher.publish(booking("bkg_1", price=-1))
            good = await publisher.publish(booking("bkg_2"))
            await publisher.flush()
            assert bad.done()
            assert good.done()
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await bad.result()
        details = details_of(error.value)
        assert [each.field for each in details.field_violations] == [
            "request.booking_created.price"
        ]
        assert (await good.result()).event_id
        assert bad.request.idempotency_key
        with pytest.raises(PublisherClosedError):
            await publisher.publish(booking("bkg_3"))
        await publisher.close()


@in_loop
async def test_a_publisher_gives_up_where_nobody_answers(service: Service) -> None:
    service.kill()
    async with AsyncClient(f"http://{service.address}") as client:
        publisher = client.publisher(outstanding_max=1, give_up_after=0.3)
        pending = await publisher.publish(booking("bkg_1"))
        waiting = [asyncio.create_task(publisher.publish(booking("bkg_2"))) for _ in range(3)]
        for after in (pending.result, publisher.flush, publisher.close):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await after()
            assert details_of(error.value).code is grpc.StatusCode.UNAVAILABLE
        assert "no result for 0.3 s: the last stream ended with UNAVAILABLE" in str(error.value)
        refused = await asyncio.gather(*waiting, return_exceptions=True)
        assert refused == [error.value] * 3


@in_loop
async def test_a_cancelled_publisher_fails_what_is_outstanding(service: Service) -> None:
    service.kill()
    async with AsyncClient(f"http://{service.address}") as client:
        publisher = client.publisher(outstanding_max=1)
        pending = await publisher.publish(booking("bkg_1"))
        for wait in (publisher.publish(booking("bkg_2")), publisher.flush(), pending.result()):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await wait
        publisher.cancel()
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await pending.result()
        assert details_of(error.value).code is grpc.StatusCode.CANCELLED
        with pytest.raises(grpc.aio.AioRpcError):
            await publisher.close()


@in_loop
async def test_closing_keeps_what_was_handed_in(service: Service) -> None:
    service.kill()
    async with AsyncClient(f"http://{service.address}") as client:
        publisher = client.publisher(outstanding_max=1)
        pending = await publisher.publish(booking("bkg_1"))
        waiting = asyncio.create_task(publisher.publish(booking("bkg_2")))
        closing = asyncio.create_task(publisher.close())
        await asyncio.to_thread(service.start)
        await closing
        assert (await pending.result()).event_id
        with pytest.raises(PublisherClosedError):
            await waiting


@in_loop
async def test_a_publisher_of_a_closed_client_ends(service: Service) -> None:
    client = AsyncClient(f"http://{service.address}")
    publisher = client.publisher()
    await (await publisher.publish(booking("bkg_1"))).result()
    await client.close()
    pending = await publisher.publish(booking("bkg_2"))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await pending.result()
    assert details_of(error.value).code is grpc.StatusCode.CANCELLED
    with pytest.raises(grpc.aio.AioRpcError):
        await publisher.close()


@in_loop
async def test_what_is_raised_within_a_block_is_not_hidden(service: Service) -> None:
    service.kill()
    async with AsyncClient(f"http://{service.address}") as client:
        with pytest.raises(KeyError):
            async with client.publisher(give_up_after=0.1) as publisher:
                await publisher.publish(booking("bkg_1"))
                raise KeyError
