"""Addresses and options are read with their defaults, or refused."""

from typing import Any

import pytest
from stage.service import ROOT, certificate

from bookora.webhooks import Client
from bookora.webhooks.address import Address, read_address
from bookora.webhooks.deadline import Deadlines
from bookora.webhooks.service_config import published_service_config


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://bookora.example", Address("bookora.example", 443, True)),
        ("https://bookora.example:50051", Address("bookora.example", 50051, True)),
        ("HTTPS://bookora.example", Address("bookora.example", 443, True)),
        ("bookora.example:50051", Address("bookora.example", 50051, True)),
        ("bookora-webhooks.default.svc:443", Address("bookora-webhooks.default.svc", 443, True)),
        ("http://bookora.example", Address("bookora.example", 80, False)),
        ("http://127.0.0.1:50051", Address("127.0.0.1", 50051, False)),
        ("[::1]:50051", Address("::1", 50051, True)),
    ],
)
def test_an_address_is_read_with_its_defaults(text: str, address: Address) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://bookora.example",
        "dns:///bookora.example",
        "unix:/run/bookora",
        "https://bookora.example/",
        "https://bookora.example/path",
        "bookora.example/path",
        "bookora.example/https://other",
        "https://bookora.example?x",
        "https://bookora.example#x",
        "https://bookora.example?",
        "https://user:hunter2@bookora.example",
        "user:hunter2@bookora.example",
        "ftp://user:hunter2@bookora.example",
        "bookora.example:",
        "bookora.example:0",
        "bookora.example:65536",
        "bookora.example:http",
        "bookora.example:٣",
        "::1",
        "[::1%25lo]:1",
        "[::1",
        "[bookora.example]:1",
        "book ora:1",
        "bookora.example:1,other:1",
        "http://%41:1",
        "a\n:1",
        "bookora.example\n",
        " bookora.example",
    ],
)
def test_an_address_of_another_form_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="https://host:port") as refused:
        Client(text)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.8.8.8:1", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("http://bookora.example:1", False),
        ("http://10.0.0.1:1", False),
        ("http://localhost.example:1", False),
        ("https://bookora.example", True),
        ("bookora.example:1", True),
    ],
)
def test_a_token_is_not_sent_in_the_clear_to_another_machine(address: str, is_taken: bool) -> None:
    if is_taken:
        Client(address, token="bwt_secret").close()
        return
    with pytest.raises(ValueError, match="in the clear") as refused:
        Client(address, token="bwt_secret")
    assert "bwt_secret" not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        {"token": "bwt_1\n"},
        {"token": "bwt 1"},
        {"ca_certificates": b"none"},
        {"ca_certificates": b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----"},
        {"client_certificate": b"none", "client_key": b"none"},
        {"client_certificate": certificate("server.pem").read_bytes()},
        {"client_key": certificate("server.key").read_bytes()},
        {
            "client_certificate": certificate("server.pem").read_bytes(),
            "client_key": certificate("server.pem").read_bytes(),
        },
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
    ],
)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Client("bookora.example", **options)


def test_certificates_are_of_no_effect_in_the_clear() -> None:
    with pytest.raises(ValueError, match="no effect"):
        Client("http://127.0.0.1:1", ca_certificates=certificate("ca.pem").read_bytes())


def test_the_service_config_is_the_one_of_the_contract() -> None:
    original = ROOT / "proto/bookora/webhooks/v1/service_config.json"
    packaged = ROOT / "sdk/python/src/bookora/webhooks/service_config.json"
    assert packaged.read_bytes() == original.read_bytes(), "`make generate-python` copies it"


@pytest.mark.parametrize(
    ("method", "chosen", "timeout"),
    [
        ("EventIngest/PublishEvent", None, 30),
        ("DeliveryQuery/GetEvent", None, 30),
        ("EndpointAdmin/TestEndpoint", None, 45),
        ("EndpointAdmin/TestEndpoint", 1, 45),
        ("EndpointAdmin/TestEndpoint", 60, 60),
        ("EventIngest/PublishEvent", 1, 1),
        ("EventIngest/Another", None, 30),
    ],
)
def test_a_deadline_is_the_published_one_unless_another_is_chosen(
    method: str, chosen: float | None, timeout: float
) -> None:
    config = published_service_config()
    assert "timeout" not in config.retries
    assert "retryPolicy" in config.retries
    assert Deadlines(config.timeouts, chosen).of(f"/bookora.webhooks.v1.{method}") == timeout
