"""What is tried again, how often and for how long."""

import re
import time
from datetime import timedelta

import grpc
import pytest
from stage.moody import said, serving_moody
from stage.samples import booking

from bookora.webhooks import Client, Pending, details_of, v1
from bookora.webhooks.backlog import Backlog
from bookora.webhooks.backoff import Backoff
from bookora.webhooks.revisions import Revisions

UUID_V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_publish_is_tried_again_with_the_same_key_and_leaves_the_request_as_it_is() -> None:
    request = booking("bkg_1")
    with (
        serving_moody(said(grpc.StatusCode.UNAVAILABLE)) as service,
        Client(service.address) as client,
    ):
        client.publish(request)
        client.publish(request)
    first, again, second = service.keys
    assert first == again != second
    assert UUID_V4.fullmatch(first)
    assert not request.idempotency_key


def test_what_is_unavailable_is_tried_four_times() -> None:
    with (
        serving_moody(*[said(grpc.StatusCode.UNAVAILABLE)] * 9) as service,
        Client(service.address) as client,
        pytest.raises(grpc.RpcError) as refused,
    ):
        client.publish(booking("bkg_1"))
    assert details_of(refused.value).code is grpc.StatusCode.UNAVAILABLE
    assert len(service.keys) == 4


def test_a_retry_comes_after_the_wait_that_the_service_asks_for() -> None:
    # Without it the first retry comes after at most 0.6 s.
    busy = said(grpc.StatusCode.UNAVAILABLE, "OVERLOADED", retry_after_ms=1000)
    with serving_moody(busy) as service, Client(service.address) as client:
        began = time.monotonic()
        client.publish(booking("bkg_1"))
    assert time.monotonic() - began >= 1


def test_what_is_not_unavailable_is_not_tried_again() -> None:
    with (
        serving_moody(said(grpc.StatusCode.INTERNAL, "INTERNAL")) as service,
        Client(service.address) as client,
        pytest.raises(grpc.RpcError) as refused,
    ):
        client.publish(booking("bkg_1"))
    details = details_of(refused.value)
    assert (details.reason, details.retry_delay) == ("INTERNAL", details.retry_delay)
    assert details.retry_delay is not None
    assert details.retry_delay.total_seconds() == 0.001
    assert len(service.keys) == 1


def test_a_call_has_its_own_deadline_or_thirty_seconds() -> None:
    with serving_moody() as service, Client(service.address) as client:
        client.publish(booking("bkg_1"))
        client.publish(booking("bkg_1"), timeout=10)
        client.event_ingest.PublishEvent(booking("bkg_1"), timeout=600)
    for left, timeout in zip(service.deadlines, (30, 10, 600), strict=True):
        assert timeout - 5 < left < timeout + 1


def test_a_client_has_a_name() -> None:
    with serving_moody() as service, Client(service.address) as client:
        client.publish(booking("bkg_1"))
    (headers,) = service.headers
    assert str(headers["user-agent"]).startswith("bookora-webhooks-sdk-python/0.1.0 ")


def test_a_token_goes_along_with_every_kind_of_call_to_loopback() -> None:
    with serving_moody() as service, Client(service.address, token="bwt_1") as client:
        client.publish(booking("bkg_1"))
        with client.watch() as watch:
            next(watch)
        with client.publisher() as publisher:
            assert publisher.publish(booking("bkg_1")).result().event_id == "evt_1"
    assert [headers["authorization"] for headers in service.headers] == ["Bearer bwt_1"] * 3


def test_a_watch_resumes_after_every_kind_of_break_and_drops_what_came_before() -> None:
    with (
        serving_moody(
            said(grpc.StatusCode.UNAVAILABLE, "WATCH_AGE_REACHED"),
            None,
            said(grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCH_TOO_SLOW"),
            said(grpc.StatusCode.INTERNAL),
            said(grpc.StatusCode.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED"),
        ) as service,
        Client(service.address) as client,
    ):
        revisions = []
        watch = client.watch(v1.WatchDeliveriesRequest(account_id="acct_1"))
        with pytest.raises(grpc.RpcError) as ended:
            for message in watch:
                revisions.append(message.update.delivery.revision)
        with pytest.raises(grpc.RpcError):
            next(watch)
    assert details_of(ended.value).reason == "RESUME_TOKEN_EXPIRED"
    assert revisions == [0, 1, 2, 3, 4, 5]
    assert service.tokens == ["", "b", "c", "d", "e"]


def test_an_exhausted_quota_ends_a_watch() -> None:
    with (
        serving_moody(said(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")) as service,
        Client(service.address) as client,
        pytest.raises(grpc.RpcError) as ended,
    ):
        list(client.watch())
    assert details_of(ended.value).reason == "QUOTA_EXCEEDED"


def test_a_result_that_nothing_waits_for_is_an_error() -> None:
    backlog: Backlog[Pending] = Backlog(1, 1)
    backlog.add(Pending(booking("bkg_1")), 0)
    with pytest.raises(grpc.RpcError) as refused:
        backlog.settle_first(v1.PublishEventResult(), 0)
    assert details_of(refused.value).code is grpc.StatusCode.FAILED_PRECONDITION


def test_waits_double_up_to_ten_seconds_and_begin_anew_after_a_message() -> None:
    waits = Backoff(lambda shortest, longest: longest)
    doubled = [waits.next(None) for _ in range(9)]
    assert doubled == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10])
    asked = {minutes: waits.next(timedelta(minutes=minutes)) for minutes in (1, -1, 10**7)}
    assert asked == {1: 60, -1: 10, 10**7: 24 * 3600}
    waits.reset()
    assert waits.next(None) == 0.1
    assert Backoff(lambda shortest, longest: shortest).next(None) == 0


def test_a_revision_is_new_once_and_the_delivery_seen_least_recently_is_forgotten() -> None:
    seen = Revisions(2)
    for delivery_id, revision, is_new in (
        ("a", 2, True),
        ("a", 2, False),
        ("a", 1, False),
        ("a", 3, True),
        ("b", 1, True),
        ("a", 3, False),
        ("c", 1, True),
        ("a", 3, False),
        ("b", 1, True),
    ):
        delivery = v1.Delivery(delivery_id=delivery_id, revision=revision)
        assert seen.is_new(delivery) is is_new
    assert len(seen) == 2
