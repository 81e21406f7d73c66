"""A watch tells everything once, whatever happens to its streams."""

import os
import signal
import threading
import time
from dataclasses import dataclass, field

import grpc
import pytest
from stage.hooks import Hooks
from stage.samples import ACCOUNT, booking
from stage.service import PATIENCE, Service

from bookora.webhooks import Client, Watch, details_of, v1

PUBLISHED = 20


@dataclass
class Told:
    """What a watch told, delivery by delivery."""

    revisions: dict[str, list[int]] = field(default_factory=dict)
    succeeded: set[str] = field(default_factory=set)

    def follow(self, watch: Watch, deliveries: int) -> None:
        """Takes updates until this many deliveries have succeeded."""
        while len(self.succeeded) < deliveries:
            delivery = next(watch).update.delivery
            if not delivery.delivery_id:
                continue
            self.revisions.setdefault(delivery.delivery_id, []).append(delivery.revision)
            if delivery.state == v1.Delivery.STATE_SUCCEEDED:
                self.succeeded.add(delivery.delivery_id)


def subscribe(client: Client, hooks: Hooks) -> None:
    endpoint = v1.Endpoint(account_id=ACCOUNT, url=hooks.url)
    created = client.endpoint_admin.CreateEndpoint(v1.CreateEndpointRequest(endpoint=endpoint))
    hooks.secrets = [created.secret]


def publish(client: Client, first: int, count: int) -> None:
    for i in range(first, first + count):
        client.publish(booking(f"bkg_{i}"))


def test_a_watch_tells_every_revision_once_and_in_order_although_the_service_is_killed(
    service: Service, client: Client, hooks: Hooks
) -> None:
    subscribe(client, hooks)
    request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True)
    told, again = Told(), Told()
    with client.watch(request) as watch:
        assert next(watch).HasField("snapshot_complete")
        assert watch.resume_token == "", "it counts before it is dealt with"
        publish(client, 0, PUBLISHED)
        told.follow(watch, PUBLISHED)
        token = watch.resume_token

        service.restart()
        # In between, as far as the watch can tell: it was cut and has not asked since.
        with Client(f"http://{service.address}") as other:
            publish(other, PUBLISHED, PUBLISHED)
        told.follow(watch, 2 * PUBLISHED)
    assert len(told.revisions) == 2 * PUBLISHED
    for revisions in told.revisions.values():
        assert revisions == list(range(1, len(revisions) + 1))

    request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, resume_token=token)
    with client.watch(request) as resumed:
        again.follow(resumed, PUBLISHED)
    for delivery_id in again.succeeded:
        assert again.revisions[delivery_id][0] in told.revisions[delivery_id]


def test_the_token_of_a_message_counts_when_the_next_one_is_asked_for(
    client: Client, hooks: Hooks
) -> None:
    subscribe(client, hooks)
    request = v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True)
    with client.watch(request) as watch:
        for _ in watch:
            break  # At snapshot_complete, before it was dealt with.
        assert watch.resume_token == ""
        publish(client, 0, 1)
        first = next(watch)
        assert watch.resume_token
        assert watch.resume_token != first.resume_token
    assert not request.resume_token


def test_closing_a_watch_from_elsewhere_ends_it_at_once(client: Client) -> None:
    watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT))
    messages: list[v1.WatchDeliveriesResponse] = []
    following = threading.Thread(target=lambda: messages.extend(watch))
    following.start()
    # It is open when its first heartbeat has come.
    deadline = time.monotonic() + PATIENCE
    while not watch.resume_token:
        assert time.monotonic() < deadline, "no heartbeat came"
        time.sleep(0.001)
    watch.close()
    following.join(PATIENCE)
    assert not following.is_alive()
    assert list(watch) == messages == []


def test_a_handler_of_signals_may_close_a_watch(client: Client) -> None:
    watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT))

    def signal_when_open() -> None:
        while not watch.resume_token:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: watch.close())
    signalling = threading.Thread(target=signal_when_open, daemon=True)
    signalling.start()
    assert list(watch) == []
    signalling.join(PATIENCE)
    signal.signal(signal.SIGUSR1, before)


def test_closing_a_watch_of_nobody_there_ends_it_at_once(service: Service, client: Client) -> None:
    service.kill()
    watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT))
    following = threading.Thread(target=lambda: list(watch))
    following.start()
    watch.close()
    following.join(PATIENCE)
    assert not following.is_alive()


def test_a_watch_that_no_new_stream_mends_ends_with_its_error(client: Client) -> None:
    for request in (
        v1.WatchDeliveriesRequest(account_id=ACCOUNT, resume_token="no token"),
        v1.WatchDeliveriesRequest(account_id=""),
        None,
    ):
        with client.watch(request) as watch, pytest.raises(grpc.RpcError) as ended:
            next(watch)
        assert details_of(ended.value).code is grpc.StatusCode.INVALID_ARGUMENT


def test_a_watch_of_a_closed_client_ends(client: Client) -> None:
    watch = client.watch(v1.WatchDeliveriesRequest(account_id=ACCOUNT, include_snapshot=True))
    next(watch)
    client.close()
    with pytest.raises(grpc.RpcError) as ended:
        next(watch)
    assert details_of(ended.value).code is grpc.StatusCode.CANCELLED
