"""A PostgreSQL of a test's own: real programs, on a free port, in a folder that the test gives, run as the
user that they put up with. It can be stopped, killed and paused, and started again where it was.
"""

import os
import pathlib
import pwd
import signal
import subprocess
import sys

from stand import environment, free_port

PROGRAMS = pathlib.Path("/usr/lib/postgresql")
CONNECTIONS_MAX = 100
# A recovery after a crash has to read what was written since the last checkpoint.
START_SECONDS = 60


class Postgres:
    """It runs from the beginning of a `with` to its end."""

    def __init__(self, folder, settings="", port=None):
        found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        if not found:
            sys.exit("PostgreSQL is missing: make postgres")
        self.programs, self.port = found[-1].parent, port or free_port()
        self.folder = pathlib.Path(folder, "postgres")
        self.folder.mkdir(mode=0o700)
        self.user = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            os.chmod(folder, 0o711)
            self.user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.data, self.settings = self.folder / "data", settings
        self.host = f"127.0.0.1:{self.port}"
        self.url = self.url_over(self.host)

    @staticmethod
    def url_over(host):
        """Its URL where it is reached over another address."""
        return f"postgres://bookora@{host}/postgres"

    def run(self, name, *arguments, check=True):
        kept = {key: value for key, value in environment().items() if not key.startswith("PG")}
        return subprocess.run([self.programs / name, *arguments], check=check, env=kept, cwd="/",
                              stdout=subprocess.DEVNULL, **self.user).returncode == 0

    def __enter__(self):
        self.run("initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C",
                 "--username=bookora", f"--pgdata={self.data}")
        self.start()
        return self

    def __exit__(self, *_):
        self.resume()
        self.stop("fast", check=False)

    def start(self, check=True):
        """Starts it, and waits until it takes connections."""
        settings = (f"-p {self.port} -c listen_addresses=127.0.0.1 -c max_connections={CONNECTIONS_MAX}"
                    f" -c unix_socket_directories={self.folder} {self.settings}")
        return self.run("pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", self.data,
                        "-l", self.folder / "log", "-o", settings, check=check)

    def stop(self, mode, check=True):
        """Stops it: `fast`, in order, or `immediate`, which the next start recovers from."""
        return self.run("pg_ctl", "stop", "-m", mode, "-D", self.data, check=check)

    def processes(self):
        """The first process of the server and its children; none where it does not run."""
        try:
            first = int((self.data / "postmaster.pid").read_text().split()[0])
            children = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text().split()
        except (OSError, IndexError):
            return []
        return [first, *map(int, children)]

    def pause(self):
        """Stops every process of the server where it is (SIGSTOP)."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        """Lets them go on."""
        self.signal(signal.SIGCONT)

    def signal(self, number):
        for process in self.processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass
