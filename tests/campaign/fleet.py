"""The replicas: real processes that are killed, stopped, paused and started again, each with a clock and,
on PostgreSQL, a link to the database of its own. What they do by themselves is noted.
"""

import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from clock import Clock
from stand import environment, program

# Below what Linux gives to whoever asks for any: a replica comes back to its port.
PORTS = range(20_000, 32_000)
ANNOUNCE_SECONDS = 30
START_SECONDS = 90
# What a supervisor waits before it starts a process again.
AGAIN_SECONDS = 0.5
# SIGTERM is answered with an exit within 25 s (docs/operating.md).
STOP_SECONDS = 25
LOOK_SECONDS = 0.2


def chosen_program():
    """BOOKORA_WEBHOOKS_PROGRAM, or what cargo built."""
    named = os.environ.get("BOOKORA_WEBHOOKS_PROGRAM")
    return pathlib.Path(named) if named else program()


def ports():
    """Ports that are free now; other campaigns begin elsewhere."""
    first = os.getpid() * 97 % len(PORTS)
    for place in range(len(PORTS)):
        port = PORTS[(first + place) % len(PORTS)]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                yield port


class Replica:
    """One of them."""

    def __init__(self, name, folder, database, arguments, free, library, journal):
        self.name, self.log, self.journal = name, folder / f"{name}.log", journal
        self.address, ops = f"127.0.0.1:{next(free)}", f"127.0.0.1:{next(free)}"
        self.clock = Clock(folder / f"{name}.clock", library)
        self.command = [chosen_program(), "serve", f"--listen={self.address}", f"--ops-listen={ops}",
                        "--allow-http", "--allow-network=127.0.0.0/8", *arguments]
        self.variables = environment(**{"RUST_LOG": "info", "BOOKORA_DATABASE_URL": database},
                                     **self.clock.variables)
        # Held while its clock is off: it is neither ended nor started then. A process that moved what waits
        # and dies leaves it there, which is a known weakness where the clock was set forward.
        self.clock_is_off = threading.Lock()
        # Whether it is to run: what ends otherwise has ended by itself.
        self.process, self.is_up, self.lock = None, False, threading.Lock()
        self.rss_bytes = self.files = self.rss_bytes_max = self.files_max = 0

    def start(self):
        """Starts it until it says that it serves, as a supervisor does."""
        deadline = time.monotonic() + START_SECONDS
        while not self.try_start_in_time():
            if time.monotonic() > deadline:
                self.journal.note(e="never started", replica=self.name)
                return
            time.sleep(AGAIN_SECONDS)

    def try_start_in_time(self):
        with self.clock_is_off:
            return self.try_start()

    def try_start(self):
        with open(self.log, "ab") as log:
            process = subprocess.Popen(self.command, env=self.variables, stderr=log, stdout=subprocess.PIPE)
        announced = threading.Timer(ANNOUNCE_SECONDS, process.kill)
        announced.start()
        said = process.stdout.readline()
        announced.cancel()
        if said:
            with self.lock:
                self.process, self.is_up = process, True
            return True
        self.journal.note(e="start failed", replica=self.name, status=process.wait())
        process.stdout.close()
        return False

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, number):
        """Ends it by a signal; the status, and how long it took."""
        with self.lock:
            self.is_up = False
        began = time.monotonic()
        self.signal(number)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = f"none within {STOP_SECONDS} s"
            self.process.wait()
        self.process.stdout.close()
        return status, time.monotonic() - began

    def kill(self):
        with self.clock_is_off:
            self.end(signal.SIGKILL)

    def stop(self):
        with self.clock_is_off:
            status, seconds = self.end(signal.SIGTERM)
        self.journal.note(e="stopped", replica=self.name, status=status, seconds=round(seconds, 2))

    def look(self):
        """Measures it, and starts it again where it has ended by itself."""
        with self.lock:
            if not self.is_up:
                return
            ended, process = self.process.poll(), self.process
        if ended is not None:
            self.journal.note(e="ended by itself", replica=self.name, status=ended)
            self.start()
            return
        self.rss_bytes, self.files = measure(process.pid)
        self.rss_bytes_max = max(self.rss_bytes_max, self.rss_bytes)
        self.files_max = max(self.files_max, self.files)


def measure(process):
    """Memory in bytes and open files of a process."""
    try:
        pages = int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return 0, 0


class Fleet:
    """All of them; it runs from the beginning of a `with` to its end."""

    def __init__(self, replicas):
        self.replicas, self.is_over = replicas, threading.Event()
        self.watching = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        for replica in self.replicas:
            replica.start()
        self.watching.start()
        return self

    def watch(self):
        while not self.is_over.wait(LOOK_SECONDS):
            for replica in self.replicas:
                replica.look()

    def __exit__(self, *_):
        self.is_over.set()
        self.watching.join()
        for replica in self.replicas:
            if replica.is_up and replica.process.poll() is None:
                replica.signal(signal.SIGCONT)
                replica.stop()
