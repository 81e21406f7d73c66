"""Whoever manages the endpoints: registers them, changes, switches and rotates them meanwhile, cancels
deliveries and has them sent again. Notes each change of an endpoint with the time in which it took effect.
"""

import random
import threading
import time
import uuid

import grpc

from bookora.webhooks import Client, details_of
from bookora.webhooks.v1 import (
    CancelDeliveryRequest, CreateEndpointRequest, Delivery, DeliveryFilter, DisableEndpointRequest,
    EnableEndpointRequest, Endpoint, ListDeliveriesRequest, RecoverEndpointRequest, RecoveryKind,
    ResendDeliveryRequest, RotateEndpointSecretRequest, UpdateEndpointRequest,
)
from cast import IN_FLIGHT, RETRY_SECONDS, TYPES
from journal import now

EVERY_SECONDS = 1.5
CALL_SECONDS = 5
PAUSE_SECONDS = 0.1
# A call that got no clear answer may still be carried out: when a replica that was paused goes on. Longer
# than any pause.
STRAGGLE_SECONDS = 30
LISTED = 20
DISABLED = "of the campaign"
# What is not said of a state in which the call finds nothing to do.
CLEAR = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS,
         grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.ABORTED)


class Keeper:
    """It acts until it is stopped; endpoints stay as they were left."""

    def __init__(self, seed, addresses, endpoints, servers, journal):
        self.random, self.journal = random.Random(f"keeper {seed}"), journal
        # Each answer counts: a retry within the client would hide one that was not clear.
        once = (("grpc.enable_retries", 0),)
        self.clients = [Client(f"http://{address}", channel_options=once) for address in addresses]
        self.endpoints, self.servers, self.ids = endpoints, servers, {}
        # Changes that are made once more when it is their time, by endpoint, which is left alone until then.
        self.doubted, self.rotations = {}, {}
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def register(self):
        for endpoint in self.endpoints:
            asked = Endpoint(account_id=endpoint.account, url=f"http://{self.servers[endpoint.server]}/{endpoint.name}",
                             event_types=endpoint.types, max_in_flight=IN_FLIGHT)
            for seconds in RETRY_SECONDS:
                asked.retry_schedule.add(seconds=seconds)
            request = CreateEndpointRequest(endpoint=asked, secret=endpoint.secrets[0], request_id=str(uuid.uuid4()))
            made, _ = self.call(lambda client: client.endpoint_admin.CreateEndpoint, request)
            self.ids[endpoint.name] = made.endpoint.endpoint_id
            self.journal.note(e="registered", p=endpoint.name, id=made.endpoint.endpoint_id, types=endpoint.types)

    def call(self, method, request):
        """Calls one replica after the other until the answer is clear: it, or None where it is a refusal, and
        whether all answers were clear."""
        was_clear = True
        while True:
            try:
                return method(self.random.choice(self.clients))(request, timeout=CALL_SECONDS), was_clear
            except grpc.RpcError as error:
                if error.code() in CLEAR:
                    self.journal.note(e="refused", why=details_of(error).reason)
                    return None, was_clear
            was_clear = False
            time.sleep(PAUSE_SECONDS)

    def start(self):
        self.thread.start()

    def stop(self):
        self.is_over.set()
        self.thread.join()

    def close(self):
        for client in self.clients:
            client.close()

    def run(self):
        changed = [one for one in self.endpoints if one.fate != "kept"]
        while not self.is_over.wait(self.random.expovariate(1 / EVERY_SECONDS)):
            self.confirm()
            turn = self.random.random()
            if turn < 0.3:
                self.cancel(self.random.choice(self.endpoints))
            elif turn < 0.6:
                self.resend(self.random.choice(self.endpoints))
            elif turn < 0.65:
                self.recover(self.random.choice(self.endpoints))
            else:
                self.change(self.random.choice(changed))

    def change(self, endpoint):
        if endpoint.name in self.doubted:
            return
        if endpoint.fate == "rotated":
            self.rotate(endpoint)
        elif endpoint.fate == "changed":
            kinds = self.random.sample(TYPES, self.random.randint(1, len(TYPES)))
            asked = Endpoint(account_id=endpoint.account, endpoint_id=self.ids[endpoint.name], event_types=kinds)
            request = UpdateEndpointRequest(endpoint=asked)
            request.update_mask.paths.append("event_types")
            self.become(endpoint, lambda client: client.endpoint_admin.UpdateEndpoint, request, kinds, True)
        else:
            # Rather on than off: what is disabled gets nothing.
            is_on = self.random.random() < 0.6
            named = {"account_id": endpoint.account, "endpoint_id": self.ids[endpoint.name]}
            if is_on:
                self.become(endpoint, lambda client: client.endpoint_admin.EnableEndpoint,
                            EnableEndpointRequest(**named), endpoint.types, True)
            else:
                self.become(endpoint, lambda client: client.endpoint_admin.DisableEndpoint,
                            DisableEndpointRequest(**named, reason=DISABLED), endpoint.types, False)

    def become(self, endpoint, method, request, types, is_on, began=None):
        """Brings an endpoint into a state, and notes from when to when it may have taken effect. Where a
        call may still be carried out, that is later: the same is asked for once more then."""
        began = began or now()
        _, was_clear = self.call(method, request)
        note = {"p": endpoint.name, "begin": began, "types": types, "on": is_on}
        if was_clear:
            self.doubted.pop(endpoint.name, None)
            self.journal.note(e="became", end=now(), **note)
        else:
            self.doubted[endpoint.name] = now() + STRAGGLE_SECONDS, (endpoint, method, request, types, is_on, began)
            self.journal.note(e="doubted", **note)

    def confirm(self):
        for due, change in list(self.doubted.values()):
            if due < now():
                self.become(*change)

    def rotate(self, endpoint):
        number = self.rotations.get(endpoint.name, 0) + 1
        if number >= len(endpoint.secrets):
            return
        request = RotateEndpointSecretRequest(
            account_id=endpoint.account, endpoint_id=self.ids[endpoint.name], secret=endpoint.secrets[number],
            request_id=str(uuid.uuid4()))
        request.overlap.seconds = self.random.randint(0, 5)
        if self.call(lambda client: client.endpoint_admin.RotateEndpointSecret, request)[0]:
            self.rotations[endpoint.name] = number
            self.journal.note(e="rotated", p=endpoint.name)

    def deliveries(self, endpoint, *states):
        shown = DeliveryFilter(endpoint_ids=[self.ids[endpoint.name]], states=states)
        request = ListDeliveriesRequest(account_id=endpoint.account, filter=shown, page_size=LISTED)
        return self.call(lambda client: client.delivery_query.ListDeliveries, request)[0].deliveries

    def cancel(self, endpoint):
        for one in self.deliveries(endpoint, Delivery.STATE_RETRYING, Delivery.STATE_PENDING)[:3]:
            self.journal.note(e="cancel", d=one.delivery_id)
            request = CancelDeliveryRequest(account_id=endpoint.account, delivery_id=one.delivery_id)
            self.call(lambda client: client.endpoint_admin.CancelDelivery, request)

    def resend(self, endpoint):
        closed = (Delivery.STATE_FAILED, Delivery.STATE_CANCELLED, Delivery.STATE_SUCCEEDED)
        for one in self.deliveries(endpoint, self.random.choice(closed))[:3]:
            self.journal.note(e="resend", d=one.delivery_id)
            request = ResendDeliveryRequest(account_id=endpoint.account, delivery_id=one.delivery_id,
                                            request_id=str(uuid.uuid4()))
            self.call(lambda client: client.endpoint_admin.ResendDelivery, request)

    def recover(self, endpoint):
        """What failed or was cancelled in the last minutes; not what was missed, which was not published to
        it."""
        kinds = (RecoveryKind.RECOVERY_KIND_FAILED, RecoveryKind.RECOVERY_KIND_CANCELLED)
        request = RecoverEndpointRequest(
            account_id=endpoint.account, endpoint_id=self.ids[endpoint.name], include=kinds,
            request_id=str(uuid.uuid4()))
        request.start_time.FromSeconds(int(now()) - 300)
        request.end_time.FromSeconds(int(now()) - 5)
        if self.call(lambda client: client.endpoint_admin.RecoverEndpoint, request)[0]:
            self.journal.note(e="recovered", p=endpoint.name)
