"""Where the service is."""

import ipaddress
import re
from dataclasses import dataclass

_ALLOWED = "allowed are https://host:port or host:port (TLS), and http://host:port (in the clear)"

# A name as DNS has it, with the underscores of service names within a cluster.
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")

_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:(.*))?", re.DOTALL)

_PORT = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True)
class Address:
    """A host, without the brackets of an IPv6 address, and its port."""

    host: str
    port: int
    is_tls: bool

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there stays on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def target(self) -> str:
        """The address as gRPC names it: every address of the host's name is connected to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"dns:///{host}:{self.port}"


def read_address(text: str) -> Address:
    """Reads https://host:port, host:port or http://host:port; without a port 443 or 80.

    Errors: ValueError for any other form.
    """
    scheme, has_scheme, rest = text.rpartition("://")
    is_tls = not has_scheme or scheme.lower() == "https"
    if not is_tls and scheme.lower() != "http":
        raise _refused(text, "has another scheme")
    if "@" in rest:
        raise _refused(text, "has user information")
    if re.search(r"[/?#]", rest):
        raise _refused(text, "has more than host and port")
    parts = _HOST_AND_PORT.fullmatch(rest)
    if parts is None or not _is_host(parts[1]):
        raise _refused(text, "has no host that can be looked up")
    return Address(parts[1].strip("[]"), _read_port(text, parts[3], is_tls=is_tls), is_tls)


def _read_port(text: str, port: str | None, *, is_tls: bool) -> int:
    if port is None:
        return 443 if is_tls else 80
    if not port:
        raise _refused(text, "has a colon and no port")
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65535:
        raise _refused(text, "has a port that is not 1-65535")
    return int(port)


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return _HOST_NAME.fullmatch(host) is not None
    try:
        return ipaddress.IPv6Address(host.strip("[]")).scope_id is None
    except ValueError:
        return False


def _refused(text: str, why: str) -> ValueError:
    # What is before an @ may be a password.
    _password, at, after = text.rpartition("@")
    shown = f"…@{after}" if at else text
    return ValueError(f"the address {shown!r} {why}: {_ALLOWED}")
