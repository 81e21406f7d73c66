#!/usr/bin/env python3
"""The script of this folder's README.md with grpcio, and with reflection for one of its steps."""

import argparse
import json
import pathlib
import urllib.request

import grpc
from google.protobuf import descriptor_pool, field_mask_pb2, json_format, message_factory
from google.rpc import code_pb2, error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

from bookora.webhooks.v1 import delivery_pb2, delivery_query_pb2 as query_pb
from bookora.webhooks.v1 import delivery_query_pb2_grpc, endpoint_admin_pb2 as admin_pb
from bookora.webhooks.v1 import endpoint_admin_pb2_grpc, endpoint_pb2, event_ingest_pb2 as ingest_pb
from bookora.webhooks.v1 import event_ingest_pb2_grpc
from caller import Watch, connect

SERVICES = [f"bookora.webhooks.v1.{name}" for name in ("EventIngest", "EndpointAdmin", "DeliveryQuery")]
DETAILS = [error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.ResourceInfo]


def publish_request(data):
    return json_format.ParseDict(data, ingest_pb.PublishEventRequest())


def batch_request(requests):
    return ingest_pb.BatchPublishEventsRequest(requests=map(publish_request, requests))


class Script:
    def __init__(self, channel, arguments):
        self.channel, self.receiver = channel, arguments.receiver
        self.data = json.loads(pathlib.Path(arguments.script).read_text())
        self.account = self.data["accountId"]
        self.ingest = event_ingest_pb2_grpc.EventIngestStub(channel)
        self.admin = endpoint_admin_pb2_grpc.EndpointAdminStub(channel)
        self.query = delivery_query_pb2_grpc.DeliveryQueryStub(channel)
        # Ids in the order in which they were first seen: their places are their names.
        self.events, self.deliveries = [], {}

    def run(self):
        self.show_health()
        self.show_event_types()
        self.make_endpoint()
        first_token = self.list_nothing()
        self.publish_one()
        self.show_errors()
        self.publish_batches()
        self.await_states()
        live = self.watch()
        listed = self.list_pages()
        self.show_delivery()
        self.replay(first_token, listed, live)
        self.meet_deadline()

    def show_health(self):
        health = health_pb2_grpc.HealthStub(self.channel)
        for service in ["", *SERVICES]:
            status = health.Check(health_pb2.HealthCheckRequest(service=service)).status
            name = health_pb2.HealthCheckResponse.ServingStatus.Name(status)
            print(f"health of {service or 'the server'}: {name}")

    def show_event_types(self):
        """With no stubs: what the server says of itself is enough."""
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        service = pool.FindServiceByName("bookora.webhooks.v1.EndpointAdmin")
        method = service.FindMethodByName("ListEventTypes")
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        call = self.channel.unary_unary(
            f"/{service.full_name}/{method.name}", request.SerializeToString, response.FromString
        )
        names = [event_type.name for event_type in call(request()).event_types]
        print("event types of bookings:", *(name for name in names if name.startswith("booking.")))

    def make_endpoint(self):
        endpoint = json_format.ParseDict(self.data["endpoint"], endpoint_pb2.Endpoint())
        endpoint.url = f"{self.receiver}/hooks"
        secret = self.data["secret"]
        created = self.admin.CreateEndpoint(
            admin_pb.CreateEndpointRequest(endpoint=endpoint, secret=secret)
        )
        endpoint = created.endpoint
        state = endpoint_pb2.Endpoint.State.Name(endpoint.state)
        retries = ", ".join(f"{wait.seconds}s" for wait in endpoint.retry_schedule)
        headers = ", ".join(f"{name}: {value}" for name, value in endpoint.headers.items())
        print(f"endpoint: {state}, retries after {retries}, headers {headers}")
        print(f"its secret: {'as brought' if created.secret == secret else 'another'}")
        mask = field_mask_pb2.FieldMask(paths=["description"])
        changed = endpoint_pb2.Endpoint()
        changed.CopyFrom(endpoint)
        changed.description = self.data["changedDescription"]
        changed.url = "https://not-in-the-mask.example.com/"
        update = admin_pb.UpdateEndpointRequest(endpoint=changed, update_mask=mask)
        updated = self.admin.UpdateEndpoint(update).endpoint
        url = "kept" if updated.url == endpoint.url else "changed"
        etag = "kept" if updated.etag == endpoint.etag else "changed"
        print(f"updated: description {updated.description}, url {url}, etag {etag}")
        self.show_error("update of an old etag", lambda: self.admin.UpdateEndpoint(update))

    def list_nothing(self):
        page = self.query.ListDeliveries(query_pb.ListDeliveriesRequest(account_id=self.account))
        print(f"before: {len(page.deliveries)} deliveries")
        return page.watch_token

    def publish_one(self):
        self.control("lose")
        self.show_published("first, its answer lost once", self.publish(self.data["first"]))
        self.show_published("first again", self.publish(self.data["first"]))

    def publish(self, data):
        return self.ingest.PublishEvent(publish_request(data))

    def show_published(self, name, published):
        event = self.event(published.event_id)
        duplicate = "yes" if published.duplicate else "no"
        print(f"{name}: {event}, {published.delivery_count} deliveries, duplicate: {duplicate}")

    def show_errors(self):
        self.show_error("key reused", lambda: self.publish(self.data["firstOtherwise"]))
        self.show_error("bad event", lambda: self.publish(self.data["bad"]))
        bad = self.data["badBatch"]
        batch = batch_request([bad["request"]] * bad["count"])
        self.show_error("bad batch", lambda: self.ingest.BatchPublishEvents(batch))
        unknown = query_pb.GetDeliveryRequest(
            account_id=self.account, delivery_id=self.data["unknownDeliveryId"]
        )
        self.show_error("unknown delivery", lambda: self.query.GetDelivery(unknown))

    def show_error(self, name, call):
        try:
            call()
        except grpc.RpcError as error:
            self.show_status(name, rpc_status.from_call(error))

    def show_status(self, name, status):
        print(f"{name}: {code_pb2.Code.Name(status.code)}")
        for packed in status.details:
            for kind in DETAILS:
                if packed.Is(kind.DESCRIPTOR):
                    detail = kind()
                    packed.Unpack(detail)
                    self.show_detail(detail)

    def show_detail(self, detail):
        match detail:
            case error_details_pb2.ErrorInfo():
                print(f"  reason {detail.reason} of {detail.domain}")
            case error_details_pb2.ResourceInfo():
                print(f"  resource {detail.resource_type} {self.event(detail.resource_name)}")
            case error_details_pb2.BadRequest():
                print(f"  {len(detail.field_violations)} fields")
                for violation in detail.field_violations:
                    print(f"  {violation.field}: {violation.description}")

    def publish_batches(self):
        answer = self.ingest.BatchPublishEvents(batch_request(self.data["batch"]))
        for number, result in enumerate(answer.results, 1):
            if result.HasField("published"):
                self.show_published(f"batch {number}", result.published)
            else:
                self.show_status(f"batch {number}", result.error)
        large = self.data["large"]
        answer = self.ingest.BatchPublishEvents(batch_request([large["request"]] * large["count"]))
        published = sum(result.HasField("published") for result in answer.results)
        print(f"large batch: {published} published")
        self.show_published("refused once", self.publish(self.data["refusedOnce"]))

    def await_states(self):
        """A publisher follows what it has published: the snapshot has its closed deliveries too."""
        request = query_pb.WatchDeliveriesRequest(
            account_id=self.account, include_snapshot=True,
            filter=query_pb.DeliveryFilter(event_ids=self.events),
        )
        watch, settled = Watch(self.query, request), {}
        for message in watch:
            delivery = message.update.delivery
            if delivery.delivery_id and delivery.state != delivery_pb2.Delivery.STATE_PENDING:
                settled[self.delivery(delivery)] = delivery_pb2.Delivery.State.Name(delivery.state)
            if len(settled) == len(self.events):
                break
        watch.close()
        for name, state in sorted(settled.items()):
            print(f"{name}: {state}")

    def watch(self):
        request = query_pb.WatchDeliveriesRequest(account_id=self.account, include_snapshot=True)
        watch = Watch(self.query, request)
        messages = iter(watch)
        snapshot = []
        while not (message := next(messages)).HasField("snapshot_complete"):
            snapshot.append(message.update)
        self.show_updates("snapshot", snapshot)

        burst = self.ingest.BatchPublishEvents(batch_request(self.data["burst"]))
        for number, result in enumerate(burst.results, 1):
            self.show_published(f"burst {number}", result.published)
        live = [next(messages).update]
        self.control("cut")
        self.show_published("late", self.publish(self.data["late"]))
        refused = snapshot[0].delivery.delivery_id
        cancel = admin_pb.CancelDeliveryRequest(account_id=self.account, delivery_id=refused)
        self.admin.CancelDelivery(cancel)
        self.admin.ResendDelivery(admin_pb.ResendDeliveryRequest(
            account_id=self.account, delivery_id=refused, request_id=self.data["resendRequestId"]
        ))
        succeeded = set()
        while True:
            if live[-1].delivery.state == delivery_pb2.Delivery.STATE_SUCCEEDED:
                succeeded.add(live[-1].delivery.delivery_id)
            if len(succeeded) == len(self.data["burst"]) + 2:
                break
            live.append(next(messages).update)
        watch.close()
        self.show_updates(f"live, resumed: {'yes' if watch.resumed else 'no'}", live)
        return live

    def show_updates(self, title, updates):
        """By delivery; those of one delivery in the order in which they came."""
        print(f"{title}: {len(updates)} updates")
        for update in sorted(updates, key=lambda update: self.delivery(update.delivery)):
            delivery = update.delivery
            state = delivery_pb2.Delivery.State.Name
            line = f"  {self.delivery(delivery)} revision {delivery.revision}: "
            line += f"{state(update.previous_state)} -> {state(delivery.state)}"
            line += f", {delivery.attempt_count} attempts"
            if delivery.HasField("last_attempt"):
                attempt = delivery.last_attempt
                outcome = delivery_pb2.Attempt.Outcome.Name(attempt.outcome)
                line += f", the last {outcome} {attempt.http_status}"
            print(line + (", another is due" if delivery.HasField("next_attempt_time") else ""))

    def list_pages(self):
        """Newest first; the order within one batch is not promised."""
        request, listed, sizes = query_pb.ListDeliveriesRequest(account_id=self.account, page_size=5), [], []
        while True:
            page = self.query.ListDeliveries(request)
            sizes.append(len(page.deliveries))
            listed += page.deliveries
            request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        print("pages:", *sizes)
        for delivery in sorted(listed, key=self.delivery):
            state = delivery_pb2.Delivery.State.Name(delivery.state)
            print(f"  {self.delivery(delivery)} of {delivery.event_type}: {state}")
        return listed

    def show_delivery(self):
        """The delivery that was refused once."""
        [delivery_id] = (key for key, name in self.deliveries.items() if name == "delivery 3")
        read = query_pb.GetDeliveryRequest(
            account_id=self.account, delivery_id=delivery_id, view=delivery_pb2.DELIVERY_VIEW_FULL
        )
        payload = json.loads(self.query.GetDelivery(read).delivery.payload)
        print("payload:", payload["event"], self.event(payload["id"]), payload["data"]["customer_name"])
        attempts = query_pb.ListAttemptsRequest(account_id=self.account, delivery_id=delivery_id)
        for attempt in self.query.ListAttempts(attempts).attempts:
            outcome = delivery_pb2.Attempt.Outcome.Name(attempt.outcome)
            trigger = delivery_pb2.Attempt.Trigger.Name(attempt.trigger)
            answer = f"{attempt.http_status} {attempt.response_body.decode()}"
            print(f"attempt {attempt.number}: {trigger}, {outcome} {answer}")
        first = query_pb.GetEventRequest(account_id=self.account, event_id=self.events[0])
        event = self.query.GetEvent(first).event
        print(f"event 1: {event.create_time.ToJsonString()}")
        print(f"  {event.payload.replace(event.event_id, 'event 1')}")

    def replay(self, token, listed, live):
        """The whole log, from before anything was published to what the listing shows."""
        watch = Watch(self.query, query_pb.WatchDeliveriesRequest(
            account_id=self.account, resume_token=token
        ))
        ends = {delivery.delivery_id: delivery.revision for delivery in listed}
        log = []
        for message in watch:
            log.append(message.update)
            delivery = message.update.delivery
            if ends.get(delivery.delivery_id) == delivery.revision:
                del ends[delivery.delivery_id]
            if not ends:
                break
        watch.close()
        self.show_updates("log", log)
        seen = {revision(update) for update in live}
        same = [revision(update) for update in log if revision(update) in seen] == list(map(revision, live))
        print(f"the live updates came in the order of the log: {'yes' if same else 'no'}")

    def meet_deadline(self):
        request = query_pb.WatchDeliveriesRequest(account_id=self.account)
        try:
            for _ in self.query.WatchDeliveries(request, timeout=self.data["watchDeadlineSeconds"]):
                pass
        except grpc.RpcError as error:
            print("watch with a deadline:", error.code().name)

    def event(self, event_id):
        if not event_id.startswith("evt_"):
            return event_id
        if event_id not in self.events:
            self.events.append(event_id)
        return f"event {self.events.index(event_id) + 1}"

    def delivery(self, delivery):
        """There is one endpoint: a delivery has its event's number."""
        name = self.event(delivery.event_id).replace("event", "delivery")
        return self.deliveries.setdefault(delivery.delivery_id, name)

    def control(self, what):
        """Asks the relay that is between us and the service."""
        urllib.request.urlopen(urllib.request.Request(f"{self.receiver}/relay/{what}", method="POST"))


def revision(update):
    return update.delivery.delivery_id, update.delivery.revision


def main():
    parser = argparse.ArgumentParser()
    for flag in ("target", "receiver", "script", "service-config", "ca-file", "token"):
        parser.add_argument(f"--{flag}")
    arguments = parser.parse_args()
    channel = connect(arguments.target, arguments.service_config, arguments.ca_file, arguments.token)
    with channel:
        Script(channel, arguments).run()


if __name__ == "__main__":
    main()
