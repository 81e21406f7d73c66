#!/usr/bin/env python3
"""Runs each command of the pages for operators as it is printed, against the program.

The ports and the ids that stand for somebody's own are replaced by those of a service of this script's.
A `serve` that is shown is asked what it would serve with (`--print-config`): every flag and value has to
do, and nothing is opened. What is to be done with the service stopped is done so, and it is started again.
SQL is not run. Without grpcurl nothing can be run: this says SKIPPED, and fails where CI=true.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from pages import ROOT, Page, Tally, environment, program
from readme import pattern, stop_on_signals
from session import free_port

PAGES = ("docs/runbooks.md", "docs/operating.md", "docs/security.md")
# The blocks that are files, by page and language.
FILES = {("docs/operating.md", "toml"): "bookora.toml"}
SERVICE = "bookora.webhooks.v1.EndpointAdmin"
SERVE = "bookora-webhooks serve"
# Of the one command that needs the service stopped.
RESTORES = "rm -f bookora.db"
PATIENCE_SECONDS = 30


class Reader:
    """Somebody who types what a page shows, in a folder of their own."""

    def __init__(self, tally, page, folder):
        self.tally, self.page, self.folder = tally, page, pathlib.Path(folder)
        self.listen, ops_listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
        path = os.pathsep.join([str(program().parent), str(ROOT / ".tools/bin"), os.environ["PATH"]])
        self.variables = environment(
            BOOKORA_LISTEN=self.listen, BOOKORA_OPS_LISTEN=ops_listen, PATH=path, TOKEN="bwt_x",
        )

    @contextlib.contextmanager
    def service(self):
        serving = subprocess.Popen(
            [program(), "serve"], cwd=self.folder, env=self.variables, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )
        try:
            self.tally.claim(self.listen in serving.stdout.readline(), f"the service of {self.page.path} serves")
            yield
        finally:
            serving.terminate()
            stopped = serving.wait(PATIENCE_SECONDS) == 0
            self.tally.claim(stopped, f"the service of {self.page.path} stops")

    def call(self, method, request):
        done = subprocess.run(
            ["grpcurl", "-plaintext", "-d", json.dumps(request), self.listen, f"{SERVICE}/{method}"],
            env=self.variables, check=True, stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS,
        )
        return json.loads(done.stdout)

    def register(self):
        """Registers an endpoint, which nothing is sent to, and returns its id."""
        endpoint = {"account_id": "ACCOUNT", "url": "https://receiver.example/hooks"}
        return self.call("CreateEndpoint", {"endpoint": endpoint})["endpoint"]["endpointId"]

    def type(self, command, endpoint_id, shown):
        """Types a command, and compares what it prints where the page shows that."""
        typed = command.replace("127.0.0.1:50051", self.listen).replace("ENDPOINT_ID", endpoint_id)
        if "--print-config" not in typed:
            typed = typed.replace(SERVE, f"{SERVE} --print-config")
        done = subprocess.run(
            ["sh", "-e"], input=typed, cwd=self.folder, env=self.variables, text=True,
            timeout=PATIENCE_SECONDS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        works = done.returncode == 0
        self.tally.claim(works, f"this command of {self.page.path} works:\n{command}", done.stdout)
        # The figures of somebody's service are none of this one's.
        if works and shown and not shown.startswith("{"):
            prints = pattern(shown).search(done.stdout)
            self.tally.claim(prints, f"this command of {self.page.path} prints what it shows:\n{command}", done.stdout)

    def read(self):
        """Goes through the page from its top."""
        blocks = self.page.blocks()
        for language, text in blocks:
            if name := FILES.get((str(self.page.path), language)):
                (self.folder / name).write_text(text, encoding="utf-8")
        followed = zip(blocks, [*blocks[1:], ("", "")])
        commands = [
            (text, after if kind == "text" else "") for (language, text), (kind, after) in followed if language == "sh"
        ]
        self.tally.claim(commands, f"{self.page.path} has commands")
        with self.service():
            endpoint_id = self.register()
            for command, shown in commands:
                if RESTORES not in command:
                    self.type(command, endpoint_id, shown)
        restores = [command for command, _ in commands if RESTORES in command]
        for command in restores:
            self.type(command, endpoint_id, "")
            with self.service():
                listed = self.call("ListEndpoints", {"account_id": "ACCOUNT"})
                self.tally.claim(endpoint_id in str(listed), "what was backed up is there again", str(listed))


def main():
    tally = Tally("commands")
    if not shutil.which("grpcurl", path=f"{ROOT / '.tools/bin'}{os.pathsep}{os.environ['PATH']}"):
        print("SKIPPED: grpcurl is missing")
        sys.exit(os.environ.get("CI") == "true")
    stop_on_signals()
    for name in PAGES:
        page = Page(name, (ROOT / name).read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder:
            Reader(tally, page, folder).read()
    tally.finish()


if __name__ == "__main__":
    main()
