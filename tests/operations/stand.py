"""What these tests put side by side: the service, a receiver, a Prometheus, a collector, each a real
one on a free port of loopback, and ended with the block that started it.
"""

import contextlib
import http.server
import json
import pathlib
import queue
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "readme"))

from readme import ROOT, Tally, environment, program, stop_on_signals  # noqa: E402, F401
from session import free_port  # noqa: E402

DEPLOY = ROOT / "deploy"
PROMETHEUS = ROOT / ".tools/prometheus/usr/bin/prometheus"
COLLECTOR = ROOT / ".tools/collector/collector"
PATIENCE_SECONDS = 30
POLL_SECONDS = 0.05

# The first address is no proxy's: variables of the machine do not matter.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url):
    """The status and the text that a URL answers; None and why where nothing answers."""
    try:
        with OPENER.open(url, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return None, str(error)


def eventually(what, ask, patience_seconds=PATIENCE_SECONDS):
    """Asks until the answer is true, and gives it."""
    deadline = time.monotonic() + patience_seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            sys.exit(f"not within {patience_seconds} s: {what}")
        time.sleep(POLL_SECONDS)
    return answer


@contextlib.contextmanager
def running(command, log, variables):
    """A process, ended in order where it can be."""
    with open(log, "ab") as out:
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=out, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Service:
    """A service: where it serves gRPC and where metrics and health, and its process."""

    def __init__(self, process, address, ops):
        self.process, self.address, self.ops = process, address, ops


@contextlib.contextmanager
def service(folder, name="service", database=None, arguments=(), **variables):
    """A service on a database of its own, or on one that is given."""
    ops = f"127.0.0.1:{free_port()}"
    database = database or f"sqlite://{folder}/{name}.db?mode=rwc"
    command = [program(), "serve", "--listen=127.0.0.1:0", f"--ops-listen={ops}", "--allow-http",
               "--allow-network=127.0.0.0/8", *arguments]
    kept = environment(**{"RUST_LOG": "warn", "BOOKORA_DATABASE_URL": database, **variables})
    kept = {key: value for key, value in kept.items() if key in variables or not key.startswith("OTEL_")}
    with running(command, pathlib.Path(folder, f"{name}.log"), kept) as process:
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
        try:
            said = lines.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            said = ""
        if not said:
            sys.exit(f"the service does not start:\n{pathlib.Path(folder, f'{name}.log').read_text()}")
        yield Service(process, said.split()[-1], ops)


class Receiver:
    """Answers each request as `answer(path, headers, body)` says, and keeps what came."""

    def __init__(self, answer):
        self.requests, self.lock = [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the head waits for the acknowledgement of what was sent before it.
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer.lock:
                    outer.requests.append((self.path, self.headers, body))
                self.send_response(answer(self.path, self.headers, body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_):
                """A client that is killed in the middle of a request is what some tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Prometheus:
    """A Prometheus, by its API."""

    def __init__(self, url):
        self.url = url

    def ask(self, path, **parameters):
        status, text = fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        if status is None:
            return {"status": "error", "error": text}
        return json.loads(text)

    def query(self, expression):
        return self.ask("query", query=expression)

    def number(self, expression):
        """The one value of an expression; None without one."""
        found = self.query(expression).get("data", {}).get("result", [])
        return float(found[0]["value"][1]) if found else None


@contextlib.contextmanager
def prometheus(folder, targets, rules=DEPLOY / "prometheus/alerts.yml"):
    """One that asks the targets and evaluates the rules each second."""
    port = free_port()
    config = pathlib.Path(folder, "prometheus.yml")
    # JSON is YAML.
    config.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "bookora-webhooks", "static_configs": [{"targets": list(targets)}]},
        ],
    }))
    command = [PROMETHEUS, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
               f"--storage.tsdb.path={folder}/prometheus", "--log.level=warn"]
    with running(command, pathlib.Path(folder, "prometheus.log"), environment()):
        url = f"http://127.0.0.1:{port}"
        eventually("Prometheus is ready", lambda: fetch(f"{url}/-/ready")[0] == 200)
        yield Prometheus(url)


@contextlib.contextmanager
def collector(folder, backend):
    """The collector as it is deployed, which hands on to a backend in JSON; gives the URL for OTLP over
    HTTP."""
    grpc_port, http_port = free_port(), free_port()
    variables = environment(OTLP_BACKEND=backend, OTLP_BACKEND_ENCODING="json",
                            OTLP_GRPC_PORT=str(grpc_port), OTLP_HTTP_PORT=str(http_port))
    command = [COLLECTOR, f"--config={DEPLOY}/otel-collector/config.yaml"]
    with running(command, pathlib.Path(folder, "collector.log"), variables):
        url = f"http://127.0.0.1:{http_port}"
        eventually("the collector listens", lambda: fetch(url)[0])
        yield url
