#!/usr/bin/env python3
"""Runs each command of docs/runbooks.md as it is printed, against the program.

The ports and the ids that stand for somebody's own are replaced by those of a service of this script's;
SQL is not run. Without grpcurl nothing can be run: this says SKIPPED, and fails where CI=true.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from readme import ROOT, Tally, environment, program, stop_on_signals
from session import free_port

RUNBOOKS = ROOT / "docs" / "runbooks.md"
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
SERVICE = "bookora.webhooks.v1.EndpointAdmin"
PATIENCE_SECONDS = 30


def register(address):
    """Registers an endpoint, which nothing is sent to, and returns its id."""
    request = {"endpoint": {"account_id": "ACCOUNT", "url": "https://receiver.example/hooks"}}
    done = subprocess.run(
        ["grpcurl", "-plaintext", "-d", json.dumps(request), address, f"{SERVICE}/CreateEndpoint"],
        check=True, stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS,
    )
    return json.loads(done.stdout)["endpoint"]["endpointId"]


def check_commands(tally, address, variables):
    endpoint_id = register(address)
    text = RUNBOOKS.read_text(encoding="utf-8")
    for command in COMMANDS.findall(text):
        typed = command.replace("127.0.0.1:50051", address).replace("ENDPOINT_ID", endpoint_id)
        done = subprocess.run(
            ["sh", "-e"], input=typed, env=variables, text=True, timeout=PATIENCE_SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        tally.claim(done.returncode == 0, f"this command of docs/runbooks.md works:\n{command}", done.stdout)


def main():
    tally = Tally("runbooks")
    if not shutil.which("grpcurl"):
        print("SKIPPED: grpcurl is missing")
        sys.exit(os.environ.get("CI") == "true")
    stop_on_signals()
    built = program()
    listen, ops_listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
    variables = environment(
        BOOKORA_LISTEN=listen, BOOKORA_OPS_LISTEN=ops_listen,
        PATH=f"{built.parent}{os.pathsep}{os.environ['PATH']}",
    )
    with tempfile.TemporaryDirectory() as folder:
        service = subprocess.Popen(
            [built, "serve"], cwd=folder, env=variables, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        try:
            tally.claim(listen in service.stdout.readline(), "the service serves")
            check_commands(tally, listen, variables)
        finally:
            service.terminate()
            tally.claim(service.wait(PATIENCE_SECONDS) == 0, "the service stops")
    tally.finish()


if __name__ == "__main__":
    main()
