"""How a client connects, from its address and options; shared by both clients."""

import math
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from .address import Address, read_address
from .backoff import LONGEST
from .deadline import Deadlines
from .service_config import published_service_config
from .version import VERSION

ChannelOptions = Sequence[tuple[str, Any]]
"""Arguments of gRPC's channels, such as ("grpc.max_receive_message_length", 8 << 20)."""

_USER_AGENT = f"bookora-webhooks-sdk-python/{VERSION}"

# What the service and proxies before it are asked no more often than, in milliseconds.
_KEEPALIVE_MS = 60_000

_KEY = re.compile(r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[^-]+-----END ([A-Z]+ )?PRIVATE KEY-----")
_TOKEN = re.compile(r"[!-~]*")


@dataclass(frozen=True, repr=False)
class Identity:
    """What a client shows, and whom it trusts; each is empty where it is not given."""

    token: str = ""
    ca_certificates: bytes = b""
    client_certificate: bytes = b""
    client_key: bytes = b""

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.token):
            raise ValueError(
                "the token has a space, a line end or another character that no token has"
            )
        if self.ca_certificates:
            _expect_certificates("the CA certificates", self.ca_certificates)
        if bool(self.client_certificate) != bool(self.client_key):
            raise ValueError("a client certificate and its key go together")
        if self.client_certificate:
            _expect_certificates("the client certificate", self.client_certificate)
            if not _KEY.search(self.client_key.decode("latin-1")):
                raise ValueError("the client key has none in PEM")


@dataclass(frozen=True, repr=False)
class Connection:
    """What a channel is made of."""

    target: str
    credentials: grpc.ChannelCredentials | None
    """None in the clear."""
    token_in_the_clear: str
    """Of a connection to loopback, for which gRPC's own credentials are too careful."""
    options: list[tuple[str, Any]]
    deadlines: Deadlines


def connection_to(
    service_address: str, identity: Identity, timeout: float | None, options: ChannelOptions
) -> Connection:
    """Reads what a client was given. Errors: ValueError for what cannot be used."""
    if timeout is not None and not 0 < timeout < math.inf:
        raise ValueError("the timeout is not more than 0 and finite")
    address = read_address(service_address)
    config = published_service_config()
    return Connection(
        target=address.target,
        credentials=_credentials(address, identity),
        token_in_the_clear="" if address.is_tls else identity.token,
        options=list((_options(address, config.retries) | dict(options)).items()),
        deadlines=Deadlines(config.timeouts, timeout),
    )


def _credentials(address: Address, identity: Identity) -> grpc.ChannelCredentials | None:
    if not address.is_tls:
        _expect_nothing_to_protect(address, identity)
        return None
    transport = grpc.ssl_channel_credentials(
        identity.ca_certificates or None,
        identity.client_key or None,
        identity.client_certificate or None,
    )
    if not identity.token:
        return transport
    bearer = grpc.access_token_call_credentials(identity.token)
    return grpc.composite_channel_credentials(transport, bearer)


def _expect_nothing_to_protect(address: Address, identity: Identity) -> None:
    if identity.ca_certificates or identity.client_certificate:
        raise ValueError("certificates are of no effect with http://: use https://")
    if identity.token and not address.is_loopback:
        raise ValueError(
            "a token would travel in the clear to a host that is not loopback: "
            "use https://, or no token"
        )


def _options(address: Address, service_config: str) -> dict[str, Any]:
    longest_ms = int(LONGEST * 1000)
    return {
        "grpc.service_config": service_config,
        # What a name's TXT records say has not the figures that this SDK promises.
        "grpc.service_config_disable_resolution": 1,
        "grpc.primary_user_agent": _USER_AGENT,
        "grpc.keepalive_time_ms": _KEEPALIVE_MS,
        # As slow as watches and publishers are at most: gRPC's own waits grow to two minutes.
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.min_reconnect_backoff_ms": longest_ms,
        "grpc.max_reconnect_backoff_ms": longest_ms,
        # Else clients with the same options share a connection, and what one of them waits for.
        "grpc.use_local_subchannel_pool": 1,
        # What is sent to loopback stays here, whatever the environment has for a proxy.
        "grpc.enable_http_proxy": int(not address.is_loopback),
    }


def _expect_certificates(what: str, pem: bytes) -> None:
    """Refuses what gRPC would find out about when it connects, and then not say."""
    # Between certificates there may be words in any language.
    text = pem.decode("ascii", "ignore")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except ssl.SSLError as error:
        raise ValueError(f"{what} cannot be read as PEM: {error}") from error
