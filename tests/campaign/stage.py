"""What a campaign plays on: the folder, the disk, PostgreSQL, links, receivers, replicas, and the programs
that publish and watch; each started in order and ended with the block that started it.
"""

import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

import cast
import clock
from disk import Disk
from fleet import Fleet, Replica, chosen_program, ports
from journal import Journal
from keeper import Keeper
from link import Links
from postgres import Postgres
from stand import ROOT, environment

FOLDER = pathlib.Path(__file__).resolve().parent
GO = ROOT / ".tools/campaign/campaign-go"
REPLICAS = 3
ANSWER_SECONDS = 30
# To acknowledge what was handed in when the load is stopped; all is healed by then.
REST_SECONDS = 90
# The files grow until an automatic vacuum or a checkpoint: bounded, since they are in memory.
POSTGRES_SETTINGS = "-c max_wal_size=256MB -c wal_recycle=off -c shared_buffers=64MB"


PYTHON = {"publish": "publisher.py", "receive": "receiver.py", "watch": "watcher.py"}
LANGUAGES = ("python", "go", "typescript")


def command(language, role):
    """How a part is run, in each language."""
    return {
        "python": [sys.executable, "-B", FOLDER / PYTHON[role]],
        "go": [GO, role],
        "typescript": ["node", FOLDER / "node/main.mjs", role],
    }[language]


class Part:
    """A program of ours: one role in one language, and the file of its notes."""

    def __init__(self, folder, language, role):
        self.language, self.role = language, role
        self.notes = folder / f"{language}.{role}.jsonl"
        self.log = folder / f"{language}.{role}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command(language, role), folder / "cast.json", self.notes], env=environment(),
                cwd=FOLDER, stdout=subprocess.PIPE, stderr=log, text=True)

    def first_line(self):
        end = threading.Timer(ANSWER_SECONDS, self.process.kill)
        end.start()
        said = self.process.stdout.readline().strip()
        end.cancel()
        if not said:
            sys.exit(f"{self.language} does not {self.role}:\n{self.log.read_text()}")
        return said

    def ended(self):
        """Whether it ends well, and in time."""
        try:
            return self.process.wait(REST_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False


class Stage:
    """All of it."""

    def __init__(self, folder, database, seed):
        self.folder, self.database, self.seed = folder, database, seed
        self.endpoints = cast.endpoints(seed)
        self.journal = Journal(folder / "stage.jsonl")
        self.parts, self.stack = [], contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.build(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def build(self, stack):
        self.free = ports()
        self.disk = stack.enter_context(Disk(self.folder))
        self.links = stack.enter_context(Links())
        self.postgres, self.database_links = None, []
        if self.database == "postgres":
            self.postgres = stack.enter_context(Postgres(self.disk.folder, POSTGRES_SETTINGS, next(self.free)))
            stack.callback(shutil.copy, self.postgres.folder / "log", self.folder / "postgres.log")
        self.fill(stack, self.make_replicas())

    def fill(self, stack, replicas):
        """Those who receive, serve, manage and watch."""
        cast.write(self.folder / "cast.json", self.seed, [each.address for each in replicas], self.endpoints)
        self.receiver_links, servers = {}, {}
        for language in LANGUAGES:
            part = self.begin(stack, language, "receive")
            self.receiver_links[language], servers[language] = self.links.open(part.first_line())
        self.fleet = stack.enter_context(Fleet(replicas))
        self.keeper = Keeper(self.seed, [each.address for each in replicas], self.endpoints, servers,
                             Journal(self.folder / "keeper.jsonl"))
        stack.callback(self.keeper.close)
        self.keeper.register()
        for language in LANGUAGES:
            self.begin(stack, language, "watch").first_line()

    def make_replicas(self):
        library = clock.compile_into(self.folder)
        self.has_clocks = library is not None
        key = self.folder / "master.key"
        subprocess.run([chosen_program(), "master-key", "new", f"--file={key}"], check=True,
                       env=environment(), stdout=subprocess.DEVNULL)
        arguments = [f"--master-key-file={key}", f"--request-timeout={cast.REQUEST_TIMEOUT_SECONDS}s"]
        self.database_file = self.disk.folder / "campaign.db"
        count = REPLICAS if self.postgres else 1
        return [Replica(f"replica-{number + 1}", self.folder, self.database_url(), arguments, self.free,
                        library, self.journal) for number in range(count)]

    def database_url(self):
        """On PostgreSQL over a link of its own."""
        if not self.postgres:
            return f"sqlite://{self.database_file}?mode=rwc"
        number, near = self.links.open(self.postgres.host)
        self.database_links.append(number)
        return self.postgres.url_over(near)

    def begin(self, stack, language, role):
        part = Part(self.folder, language, role)
        self.parts.append(part)
        stack.callback(part.process.kill)
        return part

    def publish(self):
        """Begins the load."""
        for language in LANGUAGES:
            self.begin(self.stack, language, "publish")
        self.keeper.start()

    def missing(self):
        """What cannot be injected here, in words."""
        if not self.disk.can_fill:
            yield "a full disk: this user may not mount a file system"
        if not self.has_clocks:
            yield "steps of clocks: there is no C compiler"

    def of_role(self, role):
        return [part for part in self.parts if part.role == role]

    def rest(self):
        """Ends the load: all that was handed in is acknowledged."""
        self.keeper.stop()
        for part in self.parts:
            if part.process.poll() is not None:
                self.journal.note(e="part", name=f"{part.language}, {part.role}", status=part.process.returncode)
        publishing = self.of_role("publish")
        for part in publishing:
            part.process.send_signal(signal.SIGTERM)
        for part in publishing:
            if not part.ended():
                self.journal.note(e="part", name=f"{part.language}, {part.role}", status=part.process.returncode)
        # All receivers are well from now on: what is open has an end.
        for part in self.of_role("receive"):
            if part.language == "python":
                part.process.send_signal(signal.SIGUSR1)
