#!/usr/bin/env python3
"""Runs the receivers that README.md shows, on requests signed here and on the service's own.

The Express apps are started as they are printed, but for the port; the Python functions are called.
The signatures of the requests made here come from Python's hmac and from nothing of the service.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import queue
import re
import socket
import subprocess
import tempfile
import threading
import time

from readme import ROOT, Tally, blocks, environment, post, program, stop_on_signals

BUF = ROOT / ".tools/venv/bin/buf"
NODE_FOLDER = ROOT / "tests/node"
# The port in the README's apps.
APP_PORT = "app.listen(3000)"
PATIENCE_SECONDS = 30

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
# One that a caller brought: not in the form of Standard Webhooks.
OWN_SECRET = "my-own-secret-0123456789"
EVENT_ID = "evt_01ktrebs60fmn8y49bdjemwqv0"
BODY = (
    '{"event":"booking.created","id":"evt_01ktrebs60fmn8y49bdjemwqv0",'
    '"created_at":"2026-06-10T10:30:00Z","data":{"booking_id":"bkg_1","customer_name":'
    '"Zoë \\"Z\\" Baker 💆 </b>\u2028\\u0001","price":150,"score":1e-7}}'
).encode()
# Larger than what Express takes by default, as large as the service sends.
LARGE_BODY = b'{"data":"' + b"x" * (256 * 1024 - 11) + b'"}'


def bookora(body, secret):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(body, secret, event_id, timestamp):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([event_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed(body=BODY, secret=SECRET, age=0, **changes):
    """A request: its body, and its headers with some changed, or left out where None."""
    timestamp = int(time.time()) - age
    headers = {
        "Content-Type": "application/json",
        "X-Bookora-Signature": bookora(body, secret),
        "webhook-id": EVENT_ID,
        "webhook-timestamp": str(timestamp),
    }
    # Not with a secret that Standard Webhooks has no form for.
    if secret.startswith("whsec_"):
        headers["webhook-signature"] = standard(body, secret, EVENT_ID, timestamp)
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return body, {name: value for name, value in headers.items() if value is not None}


def bookora_cases():
    """Name, request, and whether X-Bookora-Signature holds."""
    right = bookora(BODY, SECRET)
    yield "a signed body", signed(), True
    yield "the largest body", signed(LARGE_BODY), True
    yield "an old request", signed(age=24 * 3600), True
    yield "another body", (BODY.replace(b"150", b"151"), signed()[1]), False
    yield "another secret", signed(secret=OTHER_SECRET), False
    for name, value in {
        "no signature": None, "an empty one": "", "half of one": right[:32], "two": f"{right}, {right}",
        "one in capitals": right.upper(), "no hex": "z" * 64, "not in ASCII": "é" * 64,
        "not in ASCII, of the same bytes": "é" * 32,
    }.items():
        yield name, signed(X_Bookora_Signature=value), False


def standard_cases():
    """Name, request, and whether the Standard Webhooks headers hold."""
    right = signed()[1]["webhook-signature"]
    two = signed()[1]
    two["webhook-signature"] = f"v1,{'A' * 43}= {two['webhook-signature']}"
    yield "a signed body", signed(), True
    yield "the largest body", signed(LARGE_BODY), True
    yield "four minutes old", signed(age=240), True
    yield "the second signature", (BODY, two), True
    yield "six minutes old", signed(age=360), False
    yield "six minutes ahead", signed(age=-360), False
    yield "another body", (BODY.replace(b"150", b"151"), signed()[1]), False
    yield "another secret", signed(secret=OTHER_SECRET), False
    yield "another id", signed(webhook_id="evt_other"), False
    yield "another time", signed(webhook_timestamp=str(int(time.time()) - 60)), False
    for name, changes in {
        "no signature": {"webhook_signature": None}, "no id": {"webhook_id": None},
        "no time": {"webhook_timestamp": None}, "no number": {"webhook_timestamp": "now"},
        "another version": {"webhook_signature": right.replace("v1,", "v2,")},
        "not in ASCII": {"webhook_signature": "v1,é"},
    }.items():
        yield name, signed(**changes), False


# Receivers


def snippet(mark):
    [block] = blocks(f"receiver={mark}")
    return block.text


@contextlib.contextmanager
def node_app(code, secret):
    """A README's app as a process; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert APP_PORT in code, f"the app says {APP_PORT}"
    code = code.replace(APP_PORT, f"app.listen({port}, '127.0.0.1')")
    app = subprocess.Popen(
        ["node", "--input-type=module", "--eval", code],
        cwd=NODE_FOLDER, env=environment(BOOKORA_SECRET=secret, NODE_ENV="test"),
        stdout=subprocess.DEVNULL,
    )
    try:
        until("the app listens", lambda: is_open(port))
        yield f"http://127.0.0.1:{port}/hooks"
    finally:
        app.kill()
        app.wait()


@contextlib.contextmanager
def python_receiver(functions):
    """A server that asks the README's functions; gives its URL."""

    class Hooks(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            holds = all(function(body, self.headers) for function in functions)
            self.send_response(204 if holds else 401)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hooks) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hooks"
        server.shutdown()


def python_functions(secret):
    os.environ["BOOKORA_SECRET"] = secret
    names = {}
    exec(snippet("functions"), names)
    return names["is_from_bookora"], names["is_from_bookora_and_fresh"]


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(what, ask):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
    return answer


# Claims


def check_printed_request(tally):
    """The request that docs/receivers.md prints is signed as it says."""
    text = (ROOT / "docs/receivers.md").read_text(encoding="utf-8")
    [secret] = set(re.findall(r"whsec_[A-Za-z0-9+/]{20,}=*", text))
    head, body = re.search(r"```http\n(.*?)\n\n(.*?)\n```", text, re.S).groups()
    headers, body = dict(re.findall(r"^(\S+): (.*)$", head, re.M)), body.encode()
    right = bookora(body, secret)
    tally.claim(headers["x-bookora-signature"] == right, "the printed X-Bookora-Signature", right)
    right = standard(body, secret, headers["webhook-id"], headers["webhook-timestamp"])
    tally.claim(headers["webhook-signature"] == right, "the printed webhook-signature", right)


def check_cases(tally, receiver, url, cases):
    for name, (body, headers), holds in cases:
        status = post(url, body, latin1(headers), PATIENCE_SECONDS)
        tally.claim(status == (204 if holds else 401), f"{receiver}: {name}", status)


def latin1(headers):
    # As bytes of a header: http.client would refuse other text.
    return {name: value.encode().decode("latin-1") for name, value in headers.items()}


def check_limit(tally):
    """What README.md says about the limit of Express is so."""
    code = snippet("express").replace("{ limit: '256kb' }", "")
    with node_app(code, SECRET) as url:
        status = post(url, *signed(LARGE_BODY), PATIENCE_SECONDS)
        tally.claim(status == 413, "express.json() refuses a large body by default", status)
        status = post(url, *signed(b'{"data":"' + b"x" * (100 * 1024 - 11) + b'"}'), PATIENCE_SECONDS)
        tally.claim(status == 204, "express.json() takes 100 KiB by default", status)


def check_service(tally, endpoints):
    """The service's own requests: all endpoints acknowledge but the one with another secret."""
    with tempfile.TemporaryDirectory() as folder, service(folder) as call:
        for name, (url, secret) in endpoints.items():
            endpoint = {"account_id": "acct_1", "url": url, "description": name}
            call("EndpointAdmin/CreateEndpoint", {"endpoint": endpoint, "secret": secret})
        listed = call("EndpointAdmin/ListEndpoints", {"account_id": "acct_1"})["endpoints"]
        names = {endpoint["endpointId"]: endpoint["description"] for endpoint in listed}
        event = {
            "account_id": "acct_1",
            "lead_qualified": {"lead_id": "1", "lead_name": "Zoë 💆 \u2028\u0001", "score": 1e-7},
        }
        published = call("EventIngest/PublishEvent", event)
        tally.claim(published["deliveryCount"] == len(endpoints), "each endpoint gets it", published)

        def attempted():
            request = {"account_id": "acct_1"}
            deliveries = call("DeliveryQuery/ListDeliveries", request)["deliveries"]
            return deliveries if all("lastAttempt" in each for each in deliveries) else None

        for delivery in until("every delivery was attempted", attempted):
            name = names[delivery["endpointId"]]
            expected = 401 if name == "another secret" else 204
            status = delivery["lastAttempt"].get("httpStatus")
            tally.claim(status == expected, f"the service's request to {name}", delivery)


@contextlib.contextmanager
def service(folder):
    """The program on a database of its own; gives what calls it."""
    database = pathlib.Path(folder, "signatures.db")
    process = subprocess.Popen(
        [program(), "serve", "--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0",
         "--allow-http", "--allow-network=127.0.0.0/8",
         f"--database-url=sqlite://{database}?mode=rwc"],
        env=environment(), stdout=subprocess.PIPE, text=True,
    )
    try:
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
        address = lines.get(timeout=PATIENCE_SECONDS).split()[-1]

        def call(method, message):
            done = subprocess.run(
                [BUF, "curl", "--protocol=grpc", "--http2-prior-knowledge", "--data=@-",
                 f"http://{address}/bookora.webhooks.v1.{method}"],
                cwd=ROOT, env=environment(), input=json.dumps(message), check=True,
                stdout=subprocess.PIPE, text=True, encoding="utf-8",
            )
            return json.loads(done.stdout)

        yield call
    finally:
        process.kill()
        process.wait()


def main():
    stop_on_signals()
    tally = Tally("signatures")
    check_printed_request(tally)
    express, library = snippet("express"), snippet("standardwebhooks")
    is_from_bookora, _ = python_functions(OWN_SECRET)
    own_case = [("a secret of one's own", signed(secret=OWN_SECRET), True)]
    with node_app(express, OWN_SECRET) as app, python_receiver([is_from_bookora]) as python:
        check_cases(tally, "express", app, own_case)
        check_cases(tally, "python", python, own_case)

    is_from_bookora, is_fresh = python_functions(SECRET)
    with contextlib.ExitStack() as stack:
        express_url = stack.enter_context(node_app(express, SECRET))
        library_url = stack.enter_context(node_app(library, SECRET))
        bookora_url = stack.enter_context(python_receiver([is_from_bookora]))
        fresh_url = stack.enter_context(python_receiver([is_fresh]))
        check_cases(tally, "express", express_url, bookora_cases())
        check_cases(tally, "python", bookora_url, bookora_cases())
        check_cases(tally, "standardwebhooks", library_url, standard_cases())
        check_cases(tally, "python, fresh", fresh_url, standard_cases())
        check_limit(tally)
        check_service(tally, {
            "express": (express_url, SECRET),
            "standardwebhooks": (library_url, SECRET),
            "python": (bookora_url, SECRET),
            "python, fresh": (fresh_url, SECRET),
            "another secret": (express_url, OTHER_SECRET),
        })
    tally.finish()


if __name__ == "__main__":
    main()
