#!/usr/bin/env python3
"""The script of ../README.md with grpcurl."""

import argparse
import base64
import json
import pathlib
import urllib.request

from caller import Failed, Grpcurl, Watch

PACKAGE = "bookora.webhooks.v1"
SERVICES = [f"{PACKAGE}.{name}" for name in ("EventIngest", "EndpointAdmin", "DeliveryQuery")]
CODES = {
    3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS", 10: "ABORTED",
}


class Script:
    def __init__(self, grpcurl, arguments):
        self.grpcurl, self.receiver = grpcurl, arguments.receiver
        self.data = json.loads(pathlib.Path(arguments.script).read_text())
        self.account = {"accountId": self.data["accountId"]}
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

    def ingest(self, method, request):
        return self.grpcurl.call(f"{PACKAGE}.EventIngest/{method}", request)

    def admin(self, method, request):
        return self.grpcurl.call(f"{PACKAGE}.EndpointAdmin/{method}", request)

    def query(self, method, **request):
        return self.grpcurl.call(f"{PACKAGE}.DeliveryQuery/{method}", {**self.account, **request})

    def show_health(self):
        for service in ["", *SERVICES]:
            answer = self.grpcurl.call("grpc.health.v1.Health/Check", {"service": service})
            print(f"health of {service or 'the server'}: {answer['status']}")

    def show_event_types(self):
        types = self.admin("ListEventTypes", {})["eventTypes"]
        names = [each["name"] for each in types if each["name"].startswith("booking.")]
        print("event types of bookings:", *names)

    def make_endpoint(self):
        secret = self.data["secret"]
        wanted = {**self.data["endpoint"], "url": f"{self.receiver}/hooks"}
        created = self.admin("CreateEndpoint", {"endpoint": wanted, "secret": secret})
        endpoint = created["endpoint"]
        headers = ", ".join(f"{name}: {value}" for name, value in endpoint["headers"].items())
        retries = ", ".join(endpoint["retrySchedule"])
        print(f"endpoint: {endpoint['state']}, retries after {retries}, headers {headers}")
        print(f"its secret: {'as brought' if created['secret'] == secret else 'another'}")
        changed = {
            **self.account, "endpointId": endpoint["endpointId"], "etag": endpoint["etag"],
            "description": self.data["changedDescription"],
            "url": "https://not-in-the-mask.example.com/",
        }
        # Not proto's JSON form of a field mask, which grpcurl does not know.
        update = {"endpoint": changed, "updateMask": {"paths": ["description"]}}
        updated = self.admin("UpdateEndpoint", update)["endpoint"]
        kept = {field: "kept" if updated[field] == endpoint[field] else "changed" for field in ("url", "etag")}
        print(f"updated: description {updated['description']}, url {kept['url']}, etag {kept['etag']}")
        self.show_error("update of an old etag", lambda: self.admin("UpdateEndpoint", update))

    def list_nothing(self):
        page = self.query("ListDeliveries")
        print(f"before: {len(page['deliveries'])} deliveries")
        return page["watchToken"]

    def publish_one(self):
        """The connection of a process is new each time: nothing but the process can be lost with its
        answer.
        """
        self.publish(self.data["first"])
        self.show_published("first, its answer lost once", self.publish(self.data["first"]))
        self.show_published("first again", self.publish(self.data["first"]))

    def publish(self, event):
        return self.ingest("PublishEvent", event)

    def publish_batch(self, requests):
        return self.ingest("BatchPublishEvents", {"requests": requests})["results"]

    def show_published(self, name, published):
        event = self.event(published["eventId"])
        duplicate = "yes" if published["duplicate"] else "no"
        print(f"{name}: {event}, {published['deliveryCount']} deliveries, duplicate: {duplicate}")

    def show_errors(self):
        self.show_error("key reused", lambda: self.publish(self.data["firstOtherwise"]))
        self.show_error("bad event", lambda: self.publish(self.data["bad"]))
        self.show_error("bad batch", lambda: self.publish_batch(repeated(self.data["badBatch"])))
        unknown = self.data["unknownDeliveryId"]
        self.show_error("unknown delivery", lambda: self.query("GetDelivery", deliveryId=unknown))

    def show_error(self, name, call):
        try:
            call()
        except Failed as failed:
            self.show_status(name, failed.status)

    def show_status(self, name, status):
        print(f"{name}: {CODES[status['code']]}")
        for detail in status["details"]:
            match detail["@type"].split(".")[-1]:
                case "ErrorInfo":
                    print(f"  reason {detail['reason']} of {detail['domain']}")
                case "ResourceInfo":
                    print(f"  resource {detail['resourceType']} {self.event(detail['resourceName'])}")
                case "BadRequest":
                    print(f"  {len(detail['fieldViolations'])} fields")
                    for violation in detail["fieldViolations"]:
                        print(f"  {violation['field']}: {violation['description']}")

    def publish_batches(self):
        for number, result in enumerate(self.publish_batch(self.data["batch"]), 1):
            if "published" in result:
                self.show_published(f"batch {number}", result["published"])
            else:
                self.show_status(f"batch {number}", result["error"])
        large = self.publish_batch(repeated(self.data["large"]))
        print(f"large batch: {sum('published' in result for result in large)} published")
        self.show_published("refused once", self.publish(self.data["refusedOnce"]))

    def await_states(self):
        """A publisher follows what it has published: the snapshot has its closed deliveries too."""
        request = {**self.account, "includeSnapshot": True, "filter": {"eventIds": self.events}}
        settled = {}
        for message in Watch(self.grpcurl, request):
            delivery = message.get("update", {}).get("delivery")
            if delivery and delivery["state"] != "STATE_PENDING":
                settled[self.delivery(delivery)] = delivery["state"]
            if len(settled) == len(self.events):
                break
        for name, state in sorted(settled.items()):
            print(f"{name}: {state}")

    def watch(self):
        watch = Watch(self.grpcurl, {**self.account, "includeSnapshot": True})
        messages = iter(watch)
        snapshot = []
        while "snapshotComplete" not in (message := next(messages)):
            snapshot.append(message["update"])
        self.show_updates("snapshot", snapshot)

        for number, result in enumerate(self.publish_batch(self.data["burst"]), 1):
            self.show_published(f"burst {number}", result["published"])
        live = [next(messages)["update"]]
        self.control("cut")
        self.show_published("late", self.publish(self.data["late"]))
        refused = {**self.account, "deliveryId": snapshot[0]["delivery"]["deliveryId"]}
        self.admin("CancelDelivery", refused)
        self.admin("ResendDelivery", {**refused, "requestId": self.data["resendRequestId"]})
        succeeded = set()
        while True:
            if live[-1]["delivery"]["state"] == "STATE_SUCCEEDED":
                succeeded.add(live[-1]["delivery"]["deliveryId"])
            if len(succeeded) == len(self.data["burst"]) + 2:
                break
            live.append(next(messages)["update"])
        messages.close()
        self.show_updates(f"live, resumed: {'yes' if watch.resumed else 'no'}", live)
        return live

    def show_updates(self, title, updates):
        """By delivery; those of one delivery in the order in which they came."""
        print(f"{title}: {len(updates)} updates")
        for update in sorted(updates, key=lambda update: self.delivery(update["delivery"])):
            delivery = update["delivery"]
            line = f"  {self.delivery(delivery)} revision {delivery['revision']}: "
            line += f"{update['previousState']} -> {delivery['state']}"
            line += f", {delivery['attemptCount']} attempts"
            if attempt := delivery.get("lastAttempt"):
                line += f", the last {attempt['outcome']} {attempt['httpStatus']}"
            print(line + (", another is due" if delivery.get("nextAttemptTime") else ""))

    def list_pages(self):
        """Newest first; the order within one batch is not promised."""
        listed, sizes, token = [], [], ""
        while token or not sizes:
            page = self.query("ListDeliveries", pageSize=5, pageToken=token)
            sizes.append(len(page["deliveries"]))
            listed += page["deliveries"]
            token = page["nextPageToken"]
        print("pages:", *sizes)
        for delivery in sorted(listed, key=self.delivery):
            print(f"  {self.delivery(delivery)} of {delivery['eventType']}: {delivery['state']}")
        return listed

    def show_delivery(self):
        """The delivery that was refused once."""
        [delivery_id] = (key for key, name in self.deliveries.items() if name == "delivery 3")
        read = self.query("GetDelivery", deliveryId=delivery_id, view="DELIVERY_VIEW_FULL")
        payload = json.loads(read["delivery"]["payload"])
        print("payload:", payload["event"], self.event(payload["id"]), payload["data"]["customer_name"])
        for attempt in self.query("ListAttempts", deliveryId=delivery_id)["attempts"]:
            answer = f"{attempt['httpStatus']} {base64.b64decode(attempt['responseBody']).decode()}"
            print(f"attempt {attempt['number']}: {attempt['trigger']}, {attempt['outcome']} {answer}")
        event = self.query("GetEvent", eventId=self.events[0])["event"]
        print(f"event 1: {event['createTime']}")
        print(f"  {event['payload'].replace(event['eventId'], 'event 1')}")

    def replay(self, token, listed, live):
        """The whole log, from before anything was published to what the listing shows."""
        ends = {revision(delivery) for delivery in listed}
        log = []
        for message in Watch(self.grpcurl, {**self.account, "resumeToken": token}):
            log.append(message["update"])
            ends.discard(revision(message["update"]["delivery"]))
            if not ends:
                break
        self.show_updates("log", log)
        seen = [revision(update["delivery"]) for update in live]
        same = [revision(update["delivery"]) for update in log]
        is_same = [each for each in same if each in seen] == seen
        print(f"the live updates came in the order of the log: {'yes' if is_same else 'no'}")

    def meet_deadline(self):
        seconds = self.data["watchDeadlineSeconds"]
        try:
            for _ in self.grpcurl.stream(Watch.METHOD, self.account, max_time=seconds):
                pass
        except Failed as failed:
            print("watch with a deadline:", CODES[failed.status["code"]])

    def event(self, event_id):
        if not event_id.startswith("evt_"):
            return event_id
        if event_id not in self.events:
            self.events.append(event_id)
        return f"event {self.events.index(event_id) + 1}"

    def delivery(self, delivery):
        """There is one endpoint: a delivery has its event's number."""
        name = self.event(delivery["eventId"]).replace("event", "delivery")
        return self.deliveries.setdefault(delivery["deliveryId"], name)

    def control(self, what):
        """Asks the relay that is between us and the service."""
        urllib.request.urlopen(urllib.request.Request(f"{self.receiver}/relay/{what}", method="POST"))


def repeated(data):
    return [data["request"]] * data["count"]


def revision(delivery):
    return delivery["deliveryId"], delivery["revision"]


def main():
    parser = argparse.ArgumentParser()
    for flag in ("target", "receiver", "script", "service-config", "ca-file", "token"):
        parser.add_argument(f"--{flag}")
    arguments = parser.parse_args()
    grpcurl = Grpcurl(arguments.target, arguments.ca_file, arguments.token)
    Script(grpcurl, arguments).run()


if __name__ == "__main__":
    main()
