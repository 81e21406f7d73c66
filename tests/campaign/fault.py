"""The faults: what kinds there are, and two lanes that inject them one after the other, drawn from the seed.
One lane is about the processes, the other about what is around them, so that they meet.
"""

import random
import signal
import sqlite3
import threading
import time

from cast import LEASE_SECONDS
from journal import now

# Before each fault, in seconds, and the length of one.
GAP = (2.0, 8.0)
SHORT = (0.2, 3.0)
LONG = (1.0, 6.0)
# Longer than a lease, so that another replica takes over what a paused one holds.
BEYOND_LEASE = (LEASE_SECONDS + 2.0, LEASE_SECONDS + 6.0)
# A day either way, and less; what is set is put back at the end of the fault.
STEPS_SECONDS = (-86_400, -3_600, -30, 30, 3_600, 86_400)
# A process looks at its clock several times a second.
NOTICED_SECONDS = 2
# More than SQLite is waited for.
LOCK = (1.0, 7.0)
# Of the whole time; what may last longer is left out of a short run.
SHARE_MAX = 1 / 3


class Fault:
    """A kind: `run(random, seconds)` injects it and heals it after so long, which is drawn from `length`, and
    says whom it met; `repeats` is whether requests may be made again because of it."""

    def __init__(self, kind, run, length, repeats):
        self.kind, self.run, self.length, self.repeats = kind, run, length, repeats


class Lane:
    """Faults one after the other: first each kind once, in a random order, then any."""

    def __init__(self, name, seed, faults, journal, pace):
        self.random, self.faults, self.journal = random.Random(f"{name} {seed}"), faults, journal
        self.pace, self.is_over = pace, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            self.inject_until_over()
        except Exception as error:
            # A campaign without its faults shows nothing.
            self.journal.note(e="lane", error=repr(error))
            raise

    def inject_until_over(self):
        first = self.random.sample(self.faults, len(self.faults))
        while not self.is_over.wait(self.random.uniform(*GAP) * self.pace):
            fault = first.pop() if first else self.random.choice(self.faults)
            self.inject(fault)

    def inject(self, fault):
        seconds = self.random.uniform(*fault.length)
        began = now()
        self.journal.note(e="begins", kind=fault.kind, seconds=round(seconds, 2))
        target = fault.run(self.random, seconds)
        self.journal.note(e="fault", kind=fault.kind, target=target, begin=began, end=now(),
                          repeats=fault.repeats)


class Faults:
    """The kinds that there are on a stage, and who injects them."""

    def __init__(self, stage, seed, journal, seconds, pace):
        self.stage = stage
        around = self.around()
        around += self.of_postgres() if stage.postgres else self.of_sqlite()
        lanes = {"processes": self.of_processes(), "surroundings": around}
        for name, faults in lanes.items():
            lanes[name] = [fault for fault in faults if fault.length[1] <= SHARE_MAX * seconds]
        self.lanes = [Lane(name, seed, faults, journal, pace) for name, faults in lanes.items()]
        self.kinds = [fault.kind for faults in lanes.values() for fault in faults]

    def start(self):
        for lane in self.lanes:
            lane.thread.start()

    def stop(self):
        """Waits until what is under way is over: every fault heals itself."""
        for lane in self.lanes:
            lane.is_over.set()
        for lane in self.lanes:
            lane.thread.join()

    def of_processes(self):
        faults = [
            Fault("kill of a replica (SIGKILL)", self.kill, SHORT, True),
            Fault("stop of a replica (SIGTERM)", self.stop_one, SHORT, False),
            Fault("pause of a replica (SIGSTOP)", self.pause, SHORT, True),
            Fault("pause of a replica beyond its leases", self.pause, BEYOND_LEASE, True),
        ]
        if self.stage.postgres:
            # Where there is one alone, all wait for it.
            faults.append(Fault("kill of a replica, back after its leases", self.kill, BEYOND_LEASE, True))
        return faults

    def around(self):
        faults = [
            Fault("cut of the connections to receivers", self.cut_receivers, SHORT, False),
            Fault("stall of the connections to receivers", self.stall_receivers, LONG, False),
        ]
        if self.stage.has_clocks:
            faults.append(Fault("step of a replica's clock, and back", self.set_clock, LONG, False))
        if self.stage.disk.can_fill:
            faults.append(Fault("disk full", self.fill, LONG, True))
        return faults

    def of_sqlite(self):
        return [Fault("lock of the file by another process", self.lock, LOCK, True)]

    def of_postgres(self):
        return [
            Fault("stop of PostgreSQL (fast)", lambda *drawn: self.stop_postgres("fast", *drawn), LONG, True),
            Fault("crash of PostgreSQL (immediate)",
                  lambda *drawn: self.stop_postgres("immediate", *drawn), LONG, True),
            Fault("pause of PostgreSQL (SIGSTOP)", self.pause_postgres, LONG, True),
            Fault("cut of a replica from PostgreSQL", lambda *drawn: self.part("cut", *drawn), LONG, True),
            Fault("stall between a replica and PostgreSQL", lambda *drawn: self.part("stalled", *drawn), LONG, True),
            Fault("stall beyond the leases", lambda *drawn: self.part("stalled", *drawn), BEYOND_LEASE, True),
            Fault("cut of all replicas from PostgreSQL", self.cut_all, SHORT, True),
        ]

    def replica(self, random):
        return random.choice(self.stage.fleet.replicas)

    def kill(self, random, seconds):
        replica = self.replica(random)
        replica.kill()
        time.sleep(seconds)
        replica.start()
        return replica.name

    def stop_one(self, random, seconds):
        replica = self.replica(random)
        replica.stop()
        time.sleep(seconds)
        replica.start()
        return replica.name

    def pause(self, random, seconds):
        replica = self.replica(random)
        replica.signal(signal.SIGSTOP)
        time.sleep(seconds)
        replica.signal(signal.SIGCONT)
        return replica.name

    def set_clock(self, random, seconds):
        replica, step = self.replica(random), random.choice(STEPS_SECONDS)
        with replica.clock_is_off:
            replica.clock.set_ahead(step)
            time.sleep(seconds)
            replica.clock.set_ahead(0)
            time.sleep(NOTICED_SECONDS)
        return f"{replica.name} by {step} s"

    def fill(self, _random, seconds):
        self.stage.disk.fill()
        time.sleep(seconds)
        self.stage.disk.free()
        # Where the write-ahead log has no room PostgreSQL ends, and an operator starts it again.
        if self.stage.postgres and not self.stage.postgres.processes():
            self.stage.postgres.start()
            return "PostgreSQL ended and was started again"
        return ""

    def lock(self, _random, seconds):
        with sqlite3.connect(self.stage.database_file, timeout=30, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        other.close()
        return ""

    def stop_postgres(self, mode, _random, seconds):
        self.stage.postgres.stop(mode)
        time.sleep(seconds)
        self.stage.postgres.start()
        return ""

    def pause_postgres(self, _random, seconds):
        self.stage.postgres.pause()
        time.sleep(seconds)
        self.stage.postgres.resume()
        return ""

    def part(self, state, random, seconds):
        number = random.randrange(len(self.stage.database_links))
        self.hold([self.stage.database_links[number]], state, seconds)
        return self.stage.fleet.replicas[number].name

    def cut_all(self, _random, seconds):
        self.hold(self.stage.database_links, "cut", seconds)
        return ""

    def cut_receivers(self, random, seconds):
        return self.of_receivers("cut", random, seconds)

    def stall_receivers(self, random, seconds):
        return self.of_receivers("stalled", random, seconds)

    def of_receivers(self, state, random, seconds):
        server = random.choice(sorted(self.stage.receiver_links))
        self.hold([self.stage.receiver_links[server]], state, seconds)
        return f"{server} receivers"

    def hold(self, links, state, seconds):
        for link in links:
            self.stage.links.become(link, state)
        time.sleep(seconds)
        for link in links:
            self.stage.links.become(link, "whole")
