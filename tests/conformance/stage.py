"""What a client is put on: a service of its own, a receiver of its webhooks, and a relay between
client and service that can lose answers and cut connections.
"""

import contextlib
import hashlib
import hmac
import http.server
import pathlib
import queue
import re
import socket
import subprocess
import tempfile
import threading

from readme import ROOT, environment, program

PATIENCE_SECONDS = 60
TRUSTME_PYTHON = ROOT / ".tools/conformance/python/bin/python"
# Longest piece that the relay passes on at once.
PIECE_BYTES = 64 * 1024
# This event is refused at its first attempt.
REFUSED_ONCE = "no_show.detected"


class Credentials:
    """A certificate for the service, and a token for everything that the script does."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        # Writes server.pem, server.key and the authority that signed, client.pem.
        trustme = [TRUSTME_PYTHON, "-m", "trustme", "--quiet", f"--dir={folder}"]
        subprocess.run([*trustme, "--identities", "127.0.0.1"], check=True)
        self.ca_file = folder / "client.pem"
        tokens_file = folder / "tokens.toml"
        done = subprocess.run(
            [program(), "token", "new", "--name=conformance", "--role=admin", "--role=publisher",
             "--role=viewer", "--all-accounts", f"--tokens-file={tokens_file}"],
            env=environment(), check=True, stdout=subprocess.PIPE, text=True,
        )
        self.token = re.search(r"bwt_\S+", done.stdout)[0]
        self.arguments = [
            f"--tls-cert={folder / 'server.pem'}", f"--tls-key={folder / 'server.key'}",
            f"--tokens-file={tokens_file}",
        ]


@contextlib.contextmanager
def service(folder, arguments):
    """The program on a database of its own; gives its address."""
    database = pathlib.Path(folder, "conformance.db")
    process = subprocess.Popen(
        [program(), "serve", "--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0",
         "--allow-http", "--allow-network=127.0.0.0/8",
         f"--database-url=sqlite://{database}?mode=rwc", *arguments],
        env=environment(RUST_LOG="warn"), stdout=subprocess.PIPE, text=True,
    )
    try:
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
        host, port = lines.get(timeout=PATIENCE_SECONDS).split()[-1].split(":")
        yield host, int(port)
    finally:
        process.kill()
        process.wait()


class Relay:
    """Passes bytes between clients and the service, on a port of its own."""

    def __init__(self, service_address):
        self.service_address = service_address
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.sockets = set()
        # Whether answers are lost on connections to come, and to which clients they are lost now.
        self.loses_answers, self.losing = False, set()
        self.request_bytes = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.service_address)
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.lock:
                    self.sockets |= {client, server}
                    if self.loses_answers:
                        self.losing.add(client)
                for ends in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    def pass_on(self, source, sink, is_request):
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if is_request:
                    self.request_bytes += len(piece)
                elif sink in self.losing:
                    continue
                sink.sendall(piece)
        self.close({source, sink})

    def lose_answers(self):
        """Passes no more answers, until the connections are cut."""
        with self.lock:
            self.loses_answers, self.losing = True, set(self.sockets)

    def cut(self):
        """Ends every connection, in the middle of whatever it carries."""
        with self.lock:
            # What is opened from now on is whole, while nothing more passes on what there is.
            self.loses_answers, sockets = False, set(self.sockets)
        self.close(sockets)

    def close(self, sockets):
        with self.lock:
            sockets &= self.sockets
            self.sockets -= sockets
        for each in sockets:
            # Wakes whoever reads it, which closing alone does not.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        with self.lock:
            self.losing -= sockets

    def stop(self):
        self.close({self.listener} | self.sockets)
        self.listener.close()


class Receiver(http.server.ThreadingHTTPServer):
    """Takes webhooks at `/hooks`, and at `/relay/lose` and `/relay/cut` a client's wishes."""

    daemon_threads = True

    def __init__(self, relay, secret):
        super().__init__(("127.0.0.1", 0), Request)
        self.relay, self.secret, self.received = relay, secret.encode(), []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, headers, body):
        """Status and body of the answer to a webhook."""
        # What it tells of is committed: whoever published it does not learn so.
        if self.relay.loses_answers:
            self.relay.cut()
        event, attempt = headers["X-Bookora-Event"], headers["X-Bookora-Attempt"]
        signature = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        verified = hmac.compare_digest(signature, headers["X-Bookora-Signature"])
        refused = event == REFUSED_ONCE and attempt == "1"
        answer = (503, b"not now") if refused else (200, b"thank you")
        said = "verified" if verified else "NOT VERIFIED"
        self.received.append(f"received {event}, attempt {attempt}, {said}, answered {answer[0]}")
        return answer

    def wish(self, what):
        if what == "/relay/lose":
            self.relay.lose_answers()
        elif what == "/relay/cut":
            self.relay.cut()
        else:
            return 404, b""
        return 200, b""


class Request(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/hooks":
            status, answer = self.server.take(self.headers, body)
        else:
            status, answer = self.server.wish(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def stage(secret, arguments=()):
    """Gives the relay and the receiver of a service that runs meanwhile."""
    with tempfile.TemporaryDirectory() as folder, service(folder, arguments) as address:
        relay = Relay(address)
        receiver = Receiver(relay, secret)
        try:
            yield relay, receiver
        finally:
            receiver.shutdown()
            receiver.server_close()
            relay.stop()
