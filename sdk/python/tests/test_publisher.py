"""A stream of events is published in order, once each, whatever happens to it."""

import threading
import time
from collections.abc import Callable

import grpc
import pytest
from stage.ledger import expect_stored_in_order
from stage.samples import booking
from stage.service import PATIENCE, Service

from bookora.webhooks import Client, Pending, PublisherClosedError, details_of, v1

EVENTS = 10_000
# Fewer than the default, so that the bound is seen to hold.
BOUND = 200


def publish_many(client: Client, account: str, halfway: Callable[[], object]) -> None:
    """Hands in bookings one by one, and calls halfway before the middle one.

    Sees that results come in order, and that no more events are outstanding than may be.
    """
    publisher = client.publisher(outstanding_max=BOUND)
    pendings: list[Pending] = []
    settled = most = 0
    began = time.monotonic()
    for i in range(EVENTS):
        if i == EVENTS // 2:
            halfway()
        pendings.append(publisher.publish(booking(f"bkg_{i}", account)))
        while settled < len(pendings) and pendings[settled].done():
            settled += 1
        most = max(most, len(pendings) - settled)
    publisher.close()
    rate = EVENTS / (time.monotonic() - began)
    print(f"{rate:.0f} events/s, at most {most} outstanding")
    assert 2 <= most <= BOUND
    assert len({pending.result().event_id for pending in pendings}) == EVENTS
    expect_stored_in_order(client, account, EVENTS)


def test_ten_thousand_events_are_stored_in_order_within_the_bound(client: Client) -> None:
    publish_many(client, "acct_many", lambda: None)


def test_events_are_stored_once_and_in_order_where_the_service_is_killed_meanwhile(
    service: Service, client: Client
) -> None:
    publish_many(client, "acct_killed", service.restart)


def test_a_refused_event_fails_alone_and_those_behind_it_go_on(client: Client) -> None:
    refused = booking("bkg_1", price=-1)
    with client.publisher() as publisher:
        bad = publisher.publish(refused)
        good = publisher.publish(booking("bkg_2"))
        publisher.flush()
        assert bad.done()
        assert good.done()
    with pytest.raises(grpc.RpcError) as error:
        bad.result()
    details = details_of(error.value)
    assert details.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [each.field for each in details.field_violations] == ["request.booking_created.price"]
    assert good.result().event_id
    assert refused == booking("bkg_1", price=-1)
    assert bad.request.idempotency_key
    with pytest.raises(PublisherClosedError):
        publisher.publish(booking("bkg_3"))
    publisher.close()


def test_a_publisher_gives_up_where_nobody_answers(service: Service, client: Client) -> None:
    service.kill()
    publisher = client.publisher(give_up_after=0.3)
    pending = publisher.publish(booking("bkg_1"))
    for after in (pending.result, publisher.flush, publisher.close):
        with pytest.raises(grpc.RpcError) as error:
            after()
        assert details_of(error.value).code is grpc.StatusCode.UNAVAILABLE
        assert "no result for 0.3 s: the last stream ended with UNAVAILABLE" in str(error.value)
    with pytest.raises(grpc.RpcError):
        publisher.publish(booking("bkg_2"))


def test_a_cancelled_publisher_fails_what_is_outstanding(service: Service, client: Client) -> None:
    service.kill()
    publisher = client.publisher(outstanding_max=1)
    pending = publisher.publish(booking("bkg_1"))
    for wait in (
        lambda: publisher.publish(booking("bkg_2"), timeout=0.05),
        lambda: publisher.flush(timeout=0.05),
        lambda: pending.result(timeout=0.05),
    ):
        with pytest.raises(TimeoutError):
            wait()
    publisher.cancel()
    with pytest.raises(grpc.RpcError) as error:
        pending.result(PATIENCE)
    assert details_of(error.value).code is grpc.StatusCode.CANCELLED
    with pytest.raises(grpc.RpcError):
        publisher.close()


def test_closing_ends_those_who_wait_for_a_place_and_keeps_what_was_handed_in(
    service: Service, client: Client
) -> None:
    service.kill()
    publisher = client.publisher(outstanding_max=1)
    pending = publisher.publish(booking("bkg_1"))
    outcomes: list[BaseException] = []

    def publish_one_more() -> None:
        try:
            publisher.publish(booking("bkg_2"))
        except PublisherClosedError as error:
            outcomes.append(error)

    waiting = threading.Thread(target=publish_one_more)
    waiting.start()
    closing = threading.Thread(target=publisher.close)
    closing.start()
    waiting.join(PATIENCE)
    assert outcomes
    assert not pending.done()
    service.start()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    assert pending.result(0).event_id


def test_a_publisher_of_a_closed_client_ends(client: Client) -> None:
    publisher = client.publisher()
    publisher.publish(booking("bkg_1")).result()
    client.close()
    pending = publisher.publish(booking("bkg_2"))
    with pytest.raises(grpc.RpcError) as error:
        pending.result(PATIENCE)
    assert details_of(error.value).code is grpc.StatusCode.CANCELLED


def test_what_is_raised_within_a_block_is_not_hidden(service: Service, client: Client) -> None:
    service.kill()
    with pytest.raises(KeyError), client.publisher(give_up_after=0.1) as publisher:
        publisher.publish(booking("bkg_1"))
        raise KeyError


def test_what_cannot_work_is_refused(client: Client) -> None:
    for bound in (0, 257):
        with pytest.raises(ValueError, match="1-256"):
            client.publisher(outstanding_max=bound)
    for wait in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="give up"):
            client.publisher(give_up_after=wait)
    with client.publisher() as publisher, pytest.raises(TypeError):
        publisher.publish(v1.BookingCreated())  # type: ignore[arg-type]
