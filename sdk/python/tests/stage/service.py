"""The service's real program, on a database of its own."""

import os
import re
import selectors
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[4]

# How long a test waits for something that takes moments on a machine that is not busy.
PATIENCE = 30.0


class Service:
    """A process of the program, whose address and database stay after a restart."""

    def __init__(self, folder: Path, arguments: tuple[str, ...] = ()) -> None:
        self.address = "127.0.0.1:0"
        self._folder = folder
        self._arguments = arguments
        self.start()

    def start(self) -> None:
        """Starts the program, again after a kill, and waits until it serves."""
        arguments = [
            "serve",
            f"--listen={self.address}",
            "--ops-listen=127.0.0.1:0",
            "--allow-http",
            "--allow-network=127.0.0.0/8",
            f"--database-url=sqlite://{self._folder}/service.db?mode=rwc",
            *self._arguments,
        ]
        with (self._folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program(), *arguments], env=environment(), stdout=subprocess.PIPE, stderr=log
            )
        self.address = first_line(self._process).split()[-1]

    def kill(self) -> None:
        """Ends the program at once (SIGKILL)."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def restart(self) -> None:
        """Kills the program, and starts it again."""
        self.kill()
        self.start()

    def log(self) -> str:
        """What it wrote, for tests that fail."""
        return (self._folder / "service.log").read_text()


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Service]:
    """The program in a folder of its own; its log is printed, for pytest to show it."""
    service = Service(folder, arguments)
    try:
        yield service
    finally:
        service.kill()
        print(service.log())


def new_token(tokens_file: Path, *roles: str) -> str:
    """A token of these roles for all accounts, in a new or existing file of tokens."""
    made = subprocess.run(
        [
            program(),
            "token",
            "new",
            f"--name={'-'.join(roles)}",
            "--all-accounts",
            f"--tokens-file={tokens_file}",
            *(f"--role={role}" for role in roles),
        ],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    token = re.search(r"bwt_\S+", made.stdout)
    assert token, "no token was made"
    return token.group()


def certificate(name: str) -> Path:
    """One of the files that the tests serve TLS with: server.pem, server.key, ca.pem."""
    folder = os.environ.get("BOOKORA_TEST_CERTIFICATES") or ROOT / ".tools/certificates"
    return existing(Path(folder, name), "sdk-certificates")


def program() -> Path:
    """The program that is tested."""
    chosen = os.environ.get("BOOKORA_WEBHOOKS_PROGRAM")
    return existing(Path(chosen or ROOT / "target/debug/bookora-webhooks"), "build")


def existing(file: Path, target: str) -> Path:
    assert file.exists(), f"{file} is missing: run `make {target}`"
    return file


def environment() -> dict[str, str]:
    """This process's, without settings of the program and without a proxy for loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOOKORA_")}
    return kept | {"RUST_LOG": "warn", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def first_line(process: subprocess.Popen[bytes]) -> str:
    """The line in which a program says that it is ready."""
    assert process.stdout
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(PATIENCE), "the program does not start"
    line = process.stdout.readline().decode()
    assert line, "the program ended before it was ready"
    return line
