#!/usr/bin/env python3
"""Runs the grpcurl session of README.md exactly as it is printed, and compares what it prints.

Blocks marked `terminal=NAME` are one session in several terminals: each `sh` block is typed into
its terminal, then each `text` block must appear on its terminal. The terminals are shells in one
temporary folder, with the built program and grpcurl on the PATH.

Where one of the README's ports is taken, a free one stands in for it, in the commands and, through
BOOKORA_LISTEN, BOOKORA_OPS_LISTEN and BOOKORA_RECEIVE_LISTEN, in the defaults of the program.

Without grpcurl nothing can be run: this says SKIPPED, and fails where CI=true.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from readme import ROOT, Tally, blocks, environment, pattern, program, stop_on_signals

# The settings that stand for the README's ports where these are not printed.
PORTS = {50051: "BOOKORA_LISTEN", 9464: "BOOKORA_OPS_LISTEN", 8443: "BOOKORA_RECEIVE_LISTEN"}
PATIENCE_SECONDS = 30
STOP_PATIENCE_SECONDS = 30


def is_free(port):
    with socket.socket() as probe:
        # As the program does: a port that only waits out old connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Addresses:
    """The README's addresses and those that stand in for them."""

    def __init__(self):
        self.stand_ins = {port: port if is_free(port) else free_port() for port in PORTS}
        for port, other in self.stand_ins.items():
            if port != other:
                print(f"port {port} is taken: {other} stands in for it")

    def typed(self, commands):
        for port, other in self.stand_ins.items():
            commands = commands.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}")
        return commands

    def printed(self, output):
        for port, other in self.stand_ins.items():
            output = output.replace(f"127.0.0.1:{other}", f"127.0.0.1:{port}")
        return output

    def environment(self):
        return {PORTS[port]: f"127.0.0.1:{other}" for port, other in self.stand_ins.items()}


class Terminal:
    """A shell that is typed into, and everything that it and its programs print."""

    def __init__(self, folder, variables):
        # A session of its own, so that all that it starts can be stopped with it.
        self.shell = subprocess.Popen(
            ["sh"], cwd=folder, env=variables, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.output, self.seen = "", 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.shell.stdout:
            self.output += line.decode("utf-8", "replace")

    def type(self, commands):
        self.shell.stdin.write(commands.encode())
        self.shell.stdin.flush()

    def shows(self, expected, addresses):
        """Waits until what is expected was printed, after what was expected before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            output = addresses.printed(self.output)
            found = expected.search(output, self.seen)
            if found:
                self.seen = found.end()
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)

    def stop(self):
        """Ends the shell and what it started, by the id of their group."""
        deadline = time.monotonic() + STOP_PATIENCE_SECONDS
        self.shell.stdin.close()
        signal_group(self.shell.pid, signal.SIGTERM)
        # The group is gone when nobody holds the terminal's end of the pipe any more.
        self.reader.join(max(0, deadline - time.monotonic()))
        signal_group(self.shell.pid, signal.SIGKILL)
        self.shell.wait()


def signal_group(group, which):
    try:
        os.killpg(group, which)
    except ProcessLookupError:
        pass


def run_session(tally, folder):
    addresses = Addresses()
    path = os.pathsep.join([str(program().parent), str(ROOT / ".tools/bin"), os.environ["PATH"]])
    variables = environment(PATH=path, **addresses.environment())
    terminals = {}
    try:
        for block in blocks("terminal="):
            if block.mark not in terminals:
                terminals[block.mark] = Terminal(folder, variables)
            terminal = terminals[block.mark]
            if block.language == "sh":
                terminal.type(addresses.typed(block.text))
                continue
            claim = f"[{block.mark}] shows\n{block.text}"
            if not tally.claim(terminal.shows(pattern(block.text), addresses), claim):
                for mark, other in terminals.items():
                    print(f"--- {mark} printed:\n{other.output}")
                return
    finally:
        for terminal in reversed(terminals.values()):
            terminal.stop()


def main():
    stop_on_signals()
    if not (shutil.which("grpcurl") or pathlib.Path(ROOT, ".tools/bin/grpcurl").exists()):
        print("SKIPPED: the grpcurl session of README.md: neither grpcurl nor Go is installed")
        print("session: 0 passed, 0 failed, 1 skipped")
        sys.exit(1 if os.environ.get("CI") == "true" else 0)
    tally = Tally("session")
    with tempfile.TemporaryDirectory() as folder:
        run_session(tally, folder)
    tally.finish()


if __name__ == "__main__":
    main()
