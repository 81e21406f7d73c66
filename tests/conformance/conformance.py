#!/usr/bin/env python3
"""Runs the script of README.md with each stock client against the built program, and compares what
they print with expected.txt, byte for byte. Then checks that they keep the deadlines of the service
config, and that docs/clients.md shows their code.

`conformance.py [CLIENT…]` runs some; `--print` shows the text instead of comparing it; `--tls` runs
them over TLS and with a token. What a client needs, `make conformance` installs. Without Go or Java
their clients are skipped, which fails where CI=true.
"""

import argparse
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "readme"))

from readme import FENCE, ROOT, Tally, environment, stop_on_signals
from stage import PATIENCE_SECONDS, Credentials, stage

SCRIPT = FOLDER / "script.json"
EXPECTED = FOLDER / "expected.txt"
SERVICE_CONFIG = ROOT / "proto/bookora/webhooks/v1/service_config.json"
DOCUMENTATION = ROOT / "docs/clients.md"
TOOLS = ROOT / ".tools/conformance"
PYTHON = TOOLS / "python/bin/python"
JAVA_SCRIPT = FOLDER / "java/target/script.jar"

# Uncompressed, the requests of the script have more than 100,000 bytes.
COMPRESSED_BYTES_MAX = 50_000
UNCOMPRESSED_BYTES_MIN = 100_000


# No call can be answered so soon.
DEADLINE_TOO_SHORT = "0.001s"


class Client:
    """A stock client: how it is started, what it needs, whether it compresses requests, and whether it
    reads the service config.
    """

    def __init__(self, name, command, compresses=True, configured=True, needs=()):
        self.name, self.command, self.needs = name, command, needs
        self.compresses, self.configured = compresses, configured

    def missing(self):
        return [each for each in self.needs if not shutil.which(each) and not pathlib.Path(each).exists()]


CONNECT = FOLDER / "node/connect.mjs"

CLIENTS = [
    Client("grpcurl", [sys.executable, "-B", FOLDER / "grpcurl/script.py"], compresses=False,
           configured=False, needs=["grpcurl"]),
    Client("grpcio", [PYTHON, "-B", FOLDER / "python/script.py"]),
    Client("grpc-js", ["node", FOLDER / "node/grpc_js.mjs"]),
    Client("connect", ["node", CONNECT, "--protocol=grpc"], configured=False),
    Client("grpc-web", ["node", CONNECT, "--protocol=grpc-web"], compresses=False, configured=False),
    Client("grpc-go", [TOOLS / "go/script"], needs=[TOOLS / "go/script"]),
    Client("grpc-java", ["java", "-jar", JAVA_SCRIPT], needs=["java", JAVA_SCRIPT]),
]


def run(client, credentials=None, service_config=SERVICE_CONFIG, stderr=None):
    """What the client did, what its receiver got, and how many bytes its requests had."""
    secret = json.loads(SCRIPT.read_text(encoding="utf-8"))["secret"]
    arguments, variables = [f"--script={SCRIPT}", f"--service-config={service_config}"], {}
    if credentials:
        arguments += [f"--ca-file={credentials.ca_file}", f"--token={credentials.token}"]
        # Whom `fetch` trusts cannot be said in a program.
        variables = {"NODE_EXTRA_CA_CERTS": str(credentials.ca_file)}
    variables |= {"PYTHONPATH": str(FOLDER / "python/gen"), "PYTHONIOENCODING": "utf-8"}
    with stage(secret, credentials.arguments if credentials else ()) as (relay, receiver):
        done = subprocess.run(
            [*client.command, f"--target=127.0.0.1:{relay.port}",
             f"--receiver=http://127.0.0.1:{receiver.server_port}", *arguments],
            env=environment(**variables), cwd=ROOT, timeout=PATIENCE_SECONDS,
            stdout=subprocess.PIPE, stderr=stderr, text=True, encoding="utf-8",
        )
        return done, "".join(f"{line}\n" for line in sorted(receiver.received)), relay.request_bytes


def check(tally, client, credentials):
    began, name = time.monotonic(), f"{client.name}{' over TLS' if credentials else ''}"
    try:
        done, received, request_bytes = run(client, credentials)
    except subprocess.TimeoutExpired as expired:
        said = (expired.stdout or b"").decode("utf-8", "replace")
        tally.claim(False, f"{name} is done in {PATIENCE_SECONDS} s", said)
        return
    tally.claim(done.returncode == 0, f"{name} is done without an error", done.returncode)
    text, expected = done.stdout + received, EXPECTED.read_text(encoding="utf-8")
    if not tally.claim(text == expected, f"{name} prints what is expected"):
        show_difference(name, expected, text)
    if client.compresses:
        fits = request_bytes <= COMPRESSED_BYTES_MAX
    else:
        fits = request_bytes >= UNCOMPRESSED_BYTES_MIN
    claim = f"{name} {'compresses' if client.compresses else 'does not compress'} requests"
    tally.claim(fits, claim, f"{request_bytes} bytes")
    print(f"{name}: {time.monotonic() - began:.1f} s, {request_bytes:,} bytes of requests", flush=True)


def show_difference(name, expected, text):
    print(f"--- expected:\n{expected}--- {name} printed:\n{text}--- the difference:")
    lines = difflib.unified_diff(expected.splitlines(), text.splitlines(), "expected", name, lineterm="")
    print(*lines, sep="\n")


def check_deadline(tally, client):
    """What the service config says is so: the deadline of each call, and none of a watch."""
    config = json.loads(SERVICE_CONFIG.read_text(encoding="utf-8"))
    for methods in config["methodConfig"]:
        if "timeout" in methods:
            methods["timeout"] = DEADLINE_TOO_SHORT
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        done, *_ = run(client, service_config=file.name, stderr=subprocess.PIPE)
    ended = done.returncode != 0 and "deadline" in done.stderr.lower()
    tally.claim(ended, f"{client.name} keeps the deadlines of the service config", done.stderr)


def check_documentation(tally):
    """What docs/clients.md shows of a client is in its file; its deadline is the service config's."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    shown = [match for match in FENCE.finditer(text) if match["mark"].startswith("client=")]
    tally.claim(len(shown) >= 6, "docs/clients.md shows the clients", len(shown))
    for match in shown:
        name = match["mark"].removeprefix("client=")
        code = "\n" + (FOLDER / name).read_text(encoding="utf-8")
        for part in match["text"].split("…\n"):
            tally.claim("\n" + part in code, f"{name} has what docs/clients.md shows of it", part)
    config = json.loads(SERVICE_CONFIG.read_text(encoding="utf-8"))
    # The first entry is of all services; others are of what differs.
    deadline = config["methodConfig"][0]["timeout"]
    shown = re.search(r"The service config gives each call (\d+) s", text)[1]
    tally.claim(deadline == f"{shown}s", "docs/clients.md has the service config's deadline", deadline)


def main():
    stop_on_signals()
    parser = argparse.ArgumentParser()
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=", ".join(each.name for each in CLIENTS))
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--tls", action="store_true")
    arguments = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join([str(ROOT / ".tools/bin"), os.environ["PATH"]])
    chosen = [each for each in CLIENTS if not arguments.clients or each.name in arguments.clients]
    with tempfile.TemporaryDirectory() as folder:
        credentials = Credentials(folder) if arguments.tls else None
        if arguments.print:
            for client in chosen:
                done, received, _ = run(client, credentials)
                print(done.stdout + received, end="")
        else:
            check_all(chosen, credentials)


def check_all(clients, credentials):
    tally, began = Tally("conformance"), time.monotonic()
    for client in clients:
        if missing := client.missing():
            print(f"SKIPPED: {client.name}: {', '.join(map(str, missing))} is missing")
            tally.claim(os.environ.get("CI") != "true", f"{client.name} is not skipped where CI=true")
            continue
        check(tally, client, credentials)
        if client.configured and not credentials:
            check_deadline(tally, client)
    if not credentials:
        check_documentation(tally)
    print(f"{len(clients)} clients in {time.monotonic() - began:.0f} s")
    tally.finish()


if __name__ == "__main__":
    main()
