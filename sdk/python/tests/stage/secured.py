"""A service that asks for TLS and tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .service import certificate, new_token, serving


@dataclass(frozen=True)
class Secured:
    """Where it is, and what opens it."""

    address: str
    admin: str
    """A token that may do everything."""
    viewer: str
    """A token that may only look."""
    authority: bytes


@contextmanager
def serving_secured(folder: Path, *arguments: str) -> Iterator[Secured]:
    """Such a service, until the end of the block."""
    tokens_file = folder / "tokens.toml"
    admin = new_token(tokens_file, "admin", "publisher", "viewer")
    viewer = new_token(tokens_file, "viewer")
    with serving(
        folder,
        f"--tokens-file={tokens_file}",
        f"--tls-cert={certificate('server.pem')}",
        f"--tls-key={certificate('server.key')}",
        *arguments,
    ) as service:
        yield Secured(service.address, admin, viewer, certificate("ca.pem").read_bytes())
