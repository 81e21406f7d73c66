#!/usr/bin/env python3
"""Whether a stock gRPC client retries as proto/bookora/webhooks/v1/service_config.json says, and
waits for as long as the service asks it to.

The client is grpcio. What it sends goes through a relay, which notes when each try comes and what
it is answered. The service is overloaded by calls whose requests never come, and loses its database
to a process that locks the file.
"""

import concurrent.futures
import contextlib
import pathlib
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "readme"))
from readme import ROOT, Tally, environment, program  # noqa: E402

PACKAGE = "bookora.webhooks.v1"
SERVICE_CONFIG = ROOT / "proto/bookora/webhooks/v1/service_config.json"
PATIENCE_SECONDS = 60
ATTEMPTS_MAX = 4
# As many calls as the service has under way at once, and some more; so many on a connection.
CALLS = 300
CALLS_PER_CONNECTION = 100
# How often some more are opened: with 100 a second there are always enough.
RENEWAL_SECONDS = 1
PUSHBACK = "grpc-retry-pushback-ms"


# Messages, as they are on the wire: there is no generated code here.

def field(number, wire_type, content):
    return bytes([number << 3 | wire_type]) + content


def text(number, value):
    return field(number, 2, bytes([len(value)]) + value.encode())


def double(number, value):
    return field(number, 1, struct.pack("<d", value))


def lead_qualified(idempotency_key):
    data = text(1, "lead_1") + text(2, "Ada") + double(3, 0.9) + double(4, 0.5)
    return (text(1, "acct_1") + text(2, idempotency_key)
            + field(14, 2, bytes([len(data)]) + data))


class Relay(grpc.GenericRpcHandler):
    """Hands calls on to the service, each once, and notes what came when and what was answered."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, [("grpc.enable_retries", 0)])
        self.tries = []
        self.on_answer = lambda: None
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), [self])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(
            lambda message, context: self.hand_on(details.method, message, context))

    def hand_on(self, method, message, context):
        tried = {"at": time.monotonic(), "code": None, "pushback": None}
        self.tries.append(tried)
        try:
            answer = self.channel.unary_unary(method)(message, timeout=PATIENCE_SECONDS)
            tried["code"] = grpc.StatusCode.OK
            return answer
        except grpc.RpcError as error:
            trailers = error.trailing_metadata()
            tried["code"] = error.code()
            tried["pushback"] = next((int(v) for k, v in trailers if k == PUSHBACK), None)
            context.set_trailing_metadata(trailers)
            self.on_answer()
            context.abort(error.code(), error.details())

    def stop(self):
        self.server.stop(None)
        self.channel.close()


@contextlib.contextmanager
def service(folder):
    database = pathlib.Path(folder, "retries.db")
    process = subprocess.Popen(
        [program(), "serve", "--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0",
         f"--database-url=sqlite://{database}?mode=rwc"],
        env=environment(RUST_LOG="error"), stdout=subprocess.PIPE, text=True,
    )
    try:
        ready = process.stdout.readline()
        yield ready.rsplit(" ", 1)[1].strip(), database
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def client(relay):
    """A stock client with the published service config, on one connection through the relay."""
    options = [("grpc.service_config", SERVICE_CONFIG.read_text()), ("grpc.enable_retries", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{relay.port}", options) as channel:
        grpc.channel_ready_future(channel).result(PATIENCE_SECONDS)
        yield channel


def call(channel, method, message):
    """Makes a call without a deadline of its own, and gives the code that it ends with."""
    try:
        channel.unary_unary(f"/{PACKAGE}.{method}")(message)
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


def http2_frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Overload:
    """Calls that are begun and whose requests never come, until it is ended. The service ends each
    of them after 10 s: there are always more than it takes."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = host, int(port)
        headers = {
            ":method": "POST", ":scheme": "http", ":authority": "localhost",
            ":path": f"/{PACKAGE}.EventIngest/PublishEvent",
            "content-type": "application/grpc", "te": "trailers",
        }
        # Literal fields, none indexed (RFC 7541): short names and values only.
        head = b"".join(
            bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
            for name, value in headers.items())
        self.calls = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + http2_frame(4, 0, 0, b"") + b"".join(
            http2_frame(1, 4, 2 * number + 1, head) for number in range(CALLS_PER_CONNECTION))
        self.connections, self.is_over = [], threading.Event()
        for _ in range(CALLS // CALLS_PER_CONNECTION):
            self.open()
        self.renewing = threading.Thread(target=self.renew, daemon=True)
        self.renewing.start()

    def open(self):
        connection = socket.create_connection(self.address)
        connection.sendall(self.calls)
        self.connections.append(connection)

    def renew(self):
        while not self.is_over.wait(RENEWAL_SECONDS):
            self.open()

    def wait(self, address):
        """Until a call beside them is refused."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with grpc.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
            while call(channel, "EndpointAdmin/ListEventTypes", b"") is grpc.StatusCode.OK:
                if time.monotonic() > deadline:
                    sys.exit("the service was not overloaded")
                time.sleep(0.01)

    def end(self):
        self.is_over.set()
        self.renewing.join()
        for connection in self.connections:
            connection.close()
        self.connections.clear()


def check_waits(tally, tries):
    """Between two tries there is at least what the service asked for with the first of them."""
    for before, after in zip(tries, tries[1:]):
        waited = after["at"] - before["at"]
        tally.claim(before["code"] is grpc.StatusCode.UNAVAILABLE, "what is tried again", str(tries))
        tally.claim(before["pushback"] is not None, "the service says for how long to wait")
        tally.claim(waited >= (before["pushback"] or 0) / 1000, "the client waits", str(tries))
    print(f"tries after {[round(t['at'] - tries[0]['at'], 2) for t in tries]} s")


def check_retried(tally, relay, method, message, overcome):
    """The first try is refused, then what is in the way is gone."""
    relay.tries.clear()
    relay.on_answer = overcome
    with client(relay) as channel:
        code = call(channel, method, message)
    relay.on_answer = lambda: None
    tally.claim(code is grpc.StatusCode.OK, f"{method} is done in the end", str(relay.tries))
    tally.claim(len(relay.tries) >= 2, f"{method} was tried again", str(relay.tries))
    check_waits(tally, relay.tries)


def check_given_up(tally, relay, method, message, attempts):
    relay.tries.clear()
    with client(relay) as channel:
        code = call(channel, method, message)
    tally.claim(code is grpc.StatusCode.UNAVAILABLE, f"{method} is given up", str(relay.tries))
    tally.claim(len(relay.tries) == attempts, f"{method} is tried {attempts} times", str(relay.tries))
    check_waits(tally, relay.tries)


def events(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]


def main():
    tally = Tally("retries")
    with tempfile.TemporaryDirectory() as folder, service(folder) as (address, database):
        relay = Relay(address)
        # Overloaded, until the first try was refused.
        overload = Overload(address)
        overload.wait(address)
        check_retried(tally, relay, "EventIngest/PublishEvent", lead_qualified("key 1"), overload.end)
        tally.claim(events(database) == 1, "one event was stored")

        # Overloaded for as long as the client goes on.
        overload = Overload(address)
        overload.wait(address)
        test = text(1, "acct_1") + text(2, "ep_01m86mbyh4ff6rwgry4jwcc529") + text(3, "lead.qualified")
        check_given_up(tally, relay, "EndpointAdmin/TestEndpoint", test, 1)
        check_given_up(tally, relay, "EndpointAdmin/ListEventTypes", b"", ATTEMPTS_MAX)
        overload.end()

        # Without its database, until the first try was answered.
        lock = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")
        check_retried(tally, relay, "EventIngest/PublishEvent", lead_qualified("key 2"),
                      lambda: lock.in_transaction and lock.execute("ROLLBACK"))
        lock.close()
        tally.claim(events(database) == 2, "one more event was stored")

        # What is wrong stays wrong.
        relay.tries.clear()
        with client(relay) as channel:
            code = call(channel, "EventIngest/PublishEvent", b"")
        tally.claim(code is grpc.StatusCode.INVALID_ARGUMENT, "it is refused", str(code))
        tally.claim(len(relay.tries) == 1, "it is not tried again", str(relay.tries))
        relay.stop()
    tally.finish()


if __name__ == "__main__":
    main()
