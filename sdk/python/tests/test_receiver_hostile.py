"""Whatever comes, the outcome is an event or a documented error that shows no secret."""

import io
import json
import random
import subprocess
import sys
from email.message import Message
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from stage.service import ROOT
from starlette.datastructures import Headers as StarletteHeaders

from bookora.webhooks import receiver

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
VECTOR = json.loads((ROOT / "tests/vectors/webhooks.json").read_text())["signing"][0]
BODY: bytes = VECTOR["body"].encode()
SIGNED: dict[str, str] = {name.title(): value for name, value in VECTOR["headers"].items()}


def verify(headers: receiver.Headers, body: bytes = BODY) -> receiver.Event:
    return receiver.verify(body, headers, VECTOR["secrets"], now=lambda: VECTOR["timestamp"])


def refusal(headers: receiver.Headers, body: bytes = BODY) -> tuple[str, str]:
    with pytest.raises(receiver.WebhookError) as refused:
        verify(headers, body)
    return refused.value.code, refused.value.header


def wsgi_environ(headers: dict[str, str]) -> dict[str, Any]:
    environ: dict[str, Any] = {"wsgi.input": io.BytesIO(BODY)}
    setup_testing_defaults(environ)
    for name, value in headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


def message(pairs: list[tuple[str, str]]) -> Message:
    built = Message()
    for name, value in pairs:
        built[name] = value
    return built


def test_headers_are_taken_in_the_form_of_every_framework() -> None:
    pairs = list(SIGNED.items())
    raw = [(name.lower().encode(), value.encode()) for name, value in pairs]
    forms: list[receiver.Headers] = [
        SIGNED,
        pairs,
        raw,
        iter(raw),
        dict(raw),
        message(pairs),
        StarletteHeaders(raw=raw),
        wsgi_environ(SIGNED),
        {name: [value] for name, value in pairs} | {"x-none": None, "X-Empty": []},
    ]
    for headers in forms:
        assert verify(headers).type == "no_show.detected"


def test_a_header_that_came_twice_is_refused_in_every_form_that_has_both() -> None:
    pairs = [*SIGNED.items(), ("webhook-ID", SIGNED["Webhook-Id"])]
    raw = [(name.lower().encode(), value.encode()) for name, value in pairs]
    twice = {**SIGNED, "Webhook-Id": [SIGNED["Webhook-Id"]] * 2}
    forms: list[receiver.Headers] = [
        pairs,
        raw,
        SIGNED | {"webhook-ID": "again"},
        message(pairs),
        StarletteHeaders(raw=raw),
        twice,
    ]
    for headers in forms:
        assert refusal(headers) == ("INVALID_HEADER", "webhook-id")


def test_names_are_compared_by_the_letters_of_ascii_alone() -> None:
    other = {name: value for name, value in SIGNED.items() if name != "Webhook-Id"}
    # The Kelvin sign, which is a k in lowercase.
    assert refusal(other | {"Webhoo\u212a-Id": "a"}) == ("MISSING_HEADER", "webhook-id")


def test_header_like_names_of_a_mapping_that_is_no_environ_are_none() -> None:
    environ = wsgi_environ(SIGNED)
    del environ["wsgi.version"]
    assert refusal(environ) == ("MISSING_HEADER", "webhook-signature")


@pytest.mark.parametrize(
    "changed",
    [
        SECRET + "\n",
        SECRET[:20] + "\r\n" + SECRET[20:],
        SECRET.replace("h8=", "h9="),
        SECRET.replace("h8=", "h8=="),
        SECRET.replace("AAEC", "AA-C"),
        "whsec_\ud800",
    ],
)
def test_a_secret_that_was_changed_on_its_way_is_a_mistake_and_is_not_shown(changed: str) -> None:
    with pytest.raises(receiver.SecretError) as mistake:
        receiver.verify(BODY, SIGNED, [SECRET, changed])
    assert mistake.value.code == "INVALID_SECRET"
    assert "AAECAw" not in str(mistake.value)
    assert "number 2 of 2" in str(mistake.value)


def test_one_secret_may_be_given_as_it_is() -> None:
    body, secret = BODY, VECTOR["secrets"][0]
    assert receiver.verify(body, SIGNED, secret, now=lambda: VECTOR["timestamp"]).raw == body


@pytest.mark.parametrize(
    "data",
    [
        '{"a":' * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":NaN}',
        '{"a":-Infinity}',
        '\ufeff{"a":1}',
        '{"a":1,}',
        '{"a":"\t"}',
    ],
)
def test_what_is_not_quite_json_is_malformed(data: str) -> None:
    body = f'{{"event":"note.added","id":"e","created_at":"2026-01-01T00:00:00Z","data":{data}}}'
    with pytest.raises(receiver.WebhookError) as refused:
        receiver.parse(body.encode())
    assert (refused.value.code, refused.value.field) == ("MALFORMED_BODY", "")


def test_json_of_another_encoding_is_malformed() -> None:
    with pytest.raises(receiver.WebhookError, match="not a JSON object"):
        receiver.parse(BODY.decode().encode("utf-16"))


def review(**changed: object) -> bytes:
    data = {"review_id": "r", "customer_id": "c", "customer_name": "n", "rating": 5} | changed
    envelope = {"event": "review.created", "id": "e", "created_at": "2026-01-01T00:00:00Z"}
    return json.dumps(envelope | {"data": data}).encode()


def test_what_only_looks_like_its_type_is_malformed() -> None:
    wrong: dict[str, object] = {
        "rating": True,
        "comment": None,
        "booking_id": [],
        "customer_id": 1,
    }
    for name, value in wrong.items():
        with pytest.raises(receiver.WebhookError) as refused:
            receiver.parse(review(**{name: value}))
        assert refused.value.field == f"data.{name}"
    for rating in (2**31, 10**5000, 10**400, -(2**31)):
        sys.set_int_max_str_digits(0)
        body = review(rating=rating)
        sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
        with pytest.raises(receiver.WebhookError, match=r"data\.rating is not a (whole )?number"):
            receiver.parse(body)


def test_texts_can_be_written_again_and_numbers_are_read_however_they_are_spelled() -> None:
    body = review(comment="\ud83d", extra=10**400).replace(b'"rating": 5', b'"rating": 0.5e1')
    event = receiver.parse(body)
    assert isinstance(event.data, receiver.ReviewCreated)
    assert (event.data.rating, event.data.comment) == (5, "\ufffd")
    assert event.raw_data["extra"] == 10**400


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-01t00:00:00Z",
        "2026-01-01T00:00:00z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00Z\n",
        "２０２６-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
    ],
)
def test_a_time_is_one_of_rfc_3339(time: str) -> None:
    body = review().replace(b"2026-01-01T00:00:00Z", json.dumps(time)[1:-1].encode())
    with pytest.raises(receiver.WebhookError) as refused:
        receiver.parse(body)
    assert refused.value.field == "created_at"


def test_a_time_keeps_its_offset_and_is_cut_to_the_microsecond() -> None:
    body = review().replace(b"00:00:00Z", b"00:00:00.1234567-05:30")
    assert receiver.parse(body).created_at.isoformat() == "2026-01-01T00:00:00.123456-05:30"


def test_random_requests_are_refused_with_a_documented_error() -> None:
    chance = random.Random(1)
    for _ in range(5000):
        parts = [BODY, b"v1,", b"whsec_", bytes(chance.choices(range(256), k=chance.randrange(20)))]
        headers = [
            (
                chance.choice([*SIGNED, "webhook-id", "x-bookora-signature", "K"]),
                chance.choice(parts),
            )
            for _ in range(chance.randrange(6))
        ]
        tolerance = chance.choice([None, receiver.DEFAULT_TOLERANCE])
        with pytest.raises(receiver.ReceiverError) as refused:
            receiver.verify(chance.choice(parts), headers, [SECRET], tolerance=tolerance)
        assert SECRET not in str(refused.value)


def test_errors_say_what_to_answer() -> None:
    assert receiver.status_of(receiver.SecretError("none")) == 500
    assert receiver.status_of(ValueError()) == 500
    for code in receiver.Code:
        status = 400 if code is receiver.Code.MALFORMED_BODY else 401
        assert receiver.status_of(receiver.WebhookError(code, "")) == status


def test_what_is_not_the_body_is_no_body() -> None:
    with pytest.raises(TypeError, match="bytes"):
        receiver.verify(BODY.decode(), SIGNED, SECRET)  # type: ignore[arg-type]


def test_the_receiver_brings_no_grpc_along() -> None:
    program = (
        "import sys, bookora.webhooks.receiver\n"
        "brought = {name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(name for name in brought if not name.startswith('_')))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append('src')\n{program}"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT / "sdk/python",
    )
    assert ran.stdout.split() == ["bookora"]
