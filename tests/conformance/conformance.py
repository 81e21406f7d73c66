#!/usr/bin/env python3
"""Runs the script of README.md with each stock client against the built program, and compares what
they print with expected.txt, byte for byte.

`conformance.py [CLIENT…]` runs some; `--print` shows the text instead of comparing it. What a
client needs, `make conformance` installs. Without Go or Java their clients are skipped, which fails
where CI=true.
"""

import argparse
import difflib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "readme"))

from readme import ROOT, Tally, environment, stop_on_signals
from stage import PATIENCE_SECONDS, stage

SCRIPT = FOLDER / "script.json"
EXPECTED = FOLDER / "expected.txt"
SERVICE_CONFIG = ROOT / "proto/bookora/webhooks/v1/service_config.json"
TOOLS = ROOT / ".tools/conformance"
PYTHON = TOOLS / "python/bin/python"
JAVA_SCRIPT = FOLDER / "java/target/script.jar"

# Uncompressed, the requests of the script have more than 100,000 bytes.
COMPRESSED_BYTES_MAX = 50_000
UNCOMPRESSED_BYTES_MIN = 100_000


class Client:
    """A stock client: how it is started, what it needs, and whether it compresses requests."""

    def __init__(self, name, command, compresses=True, needs=()):
        self.name, self.command, self.compresses, self.needs = name, command, compresses, needs

    def missing(self):
        return [each for each in self.needs if not shutil.which(each) and not pathlib.Path(each).exists()]


CLIENTS = [
    Client("grpcurl", [sys.executable, "-B", FOLDER / "grpcurl/script.py"], compresses=False, needs=["grpcurl"]),
    Client("grpcio", [PYTHON, "-B", FOLDER / "python/script.py"]),
    Client("grpc-js", ["node", FOLDER / "node/grpc_js.mjs"]),
    Client("connect", ["node", FOLDER / "node/connect.mjs", "--protocol=grpc"]),
    Client("grpc-web", ["node", FOLDER / "node/connect.mjs", "--protocol=grpc-web"], compresses=False),
    Client("grpc-go", [TOOLS / "go/script"], needs=[TOOLS / "go/script"]),
    Client("grpc-java", ["java", "-jar", JAVA_SCRIPT], needs=["java", JAVA_SCRIPT]),
]


def run(client):
    """What a client printed and what its receiver got, whether it was done, how many bytes its
    requests had.
    """
    secret = json.loads(SCRIPT.read_text(encoding="utf-8"))["secret"]
    with stage(secret) as (relay, receiver):
        done = subprocess.run(
            [*client.command, f"--target=127.0.0.1:{relay.port}",
             f"--receiver=http://127.0.0.1:{receiver.server_port}", f"--script={SCRIPT}",
             f"--service-config={SERVICE_CONFIG}"],
            env=environment(PYTHONPATH=str(FOLDER / "python/gen"), PYTHONIOENCODING="utf-8"),
            cwd=ROOT, timeout=PATIENCE_SECONDS, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )
        received = "".join(f"{line}\n" for line in sorted(receiver.received))
        return done.stdout + received, done.returncode, relay.request_bytes


def check(tally, client):
    began = time.monotonic()
    try:
        text, status, request_bytes = run(client)
    except subprocess.TimeoutExpired as expired:
        said = (expired.stdout or b"").decode("utf-8", "replace")
        tally.claim(False, f"{client.name} is done in {PATIENCE_SECONDS} s", said)
        return
    tally.claim(status == 0, f"{client.name} is done without an error", status)
    expected = EXPECTED.read_text(encoding="utf-8")
    if not tally.claim(text == expected, f"{client.name} prints what is expected"):
        show_difference(client, expected, text)
    if client.compresses:
        fits = request_bytes <= COMPRESSED_BYTES_MAX
    else:
        fits = request_bytes >= UNCOMPRESSED_BYTES_MIN
    claim = f"{client.name} {'compresses' if client.compresses else 'does not compress'} requests"
    tally.claim(fits, claim, f"{request_bytes} bytes")
    print(f"{client.name}: {time.monotonic() - began:.1f} s, {request_bytes:,} bytes of requests", flush=True)


def show_difference(client, expected, text):
    print(f"--- expected:\n{expected}--- {client.name} printed:\n{text}--- the difference:")
    lines = difflib.unified_diff(expected.splitlines(), text.splitlines(), "expected", client.name, lineterm="")
    print(*lines, sep="\n")


def main():
    stop_on_signals()
    parser = argparse.ArgumentParser()
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=", ".join(each.name for each in CLIENTS))
    parser.add_argument("--print", action="store_true")
    arguments = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join([str(ROOT / ".tools/bin"), os.environ["PATH"]])
    chosen = [each for each in CLIENTS if not arguments.clients or each.name in arguments.clients]
    if arguments.print:
        for client in chosen:
            print(run(client)[0], end="")
        return
    tally, skipped, began = Tally("conformance"), 0, time.monotonic()
    for client in chosen:
        if missing := client.missing():
            skipped += 1
            print(f"SKIPPED: {client.name}: {', '.join(map(str, missing))} is missing")
            tally.claim(os.environ.get("CI") != "true", f"{client.name} is not skipped where CI=true")
        else:
            check(tally, client)
    print(f"{len(chosen) - skipped} clients in {time.monotonic() - began:.0f} s")
    tally.finish()


if __name__ == "__main__":
    main()
