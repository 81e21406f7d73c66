"""Notes of what happens, one line of JSON each, written before whoever it is about goes on; and the time
that all programs of a campaign write down: the machine's, which no fault sets.
"""

import json
import threading
import time


def now():
    """Seconds since 1970."""
    return time.time()


class Journal:
    """A file of notes; may be used from any thread."""

    def __init__(self, path):
        self.file, self.lock = open(path, "a", encoding="utf-8"), threading.Lock()

    def note(self, **what):
        line = json.dumps({**what, "t": round(now(), 4)}) + "\n"
        with self.lock:
            self.file.write(line)
            self.file.flush()


def notes(path):
    """What was noted. The last line may be half of one where its writer was killed."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)
