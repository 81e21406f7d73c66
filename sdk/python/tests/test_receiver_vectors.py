"""The receiver meets every vector that the service is tested with."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stage.service import ROOT

from bookora.webhooks import receiver

VECTORS: dict[str, list[dict[str, Any]]] = {
    kind: vectors
    for kind, vectors in json.loads((ROOT / "tests/vectors/webhooks.json").read_text()).items()
    if isinstance(vectors, list)
}


def each(kind: str) -> pytest.MarkDecorator:
    vectors = VECTORS[kind]
    assert vectors, f"there is no vector of {kind}"
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


@each("signing")
def test_what_the_service_signs_verifies_with_each_secret_and_with_all(
    vector: dict[str, Any],
) -> None:
    body = vector["body"].encode()
    for secrets in [vector["secrets"], *([secret] for secret in vector["secrets"])]:
        event = receiver.verify(body, vector["headers"], secrets, now=lambda: vector["timestamp"])
        assert event.raw == body


@each("verifying")
def test_verifying_has_the_outcome_of_the_vector(vector: dict[str, Any]) -> None:
    seconds = vector["tolerance_seconds"]
    tolerance = None if seconds is None else timedelta(seconds=seconds)
    outcome, header = "OK", ""
    try:
        receiver.verify(
            vector["body"].encode(),
            vector["headers"],
            vector["secrets"],
            tolerance=tolerance,
            now=lambda: vector["now"],
        )
    except receiver.ReceiverError as error:
        outcome, header = error.code, getattr(error, "header", "")
    assert (outcome, header) == (vector["outcome"], vector.get("header", ""))


@each("malformed")
def test_a_malformed_body_is_refused_by_its_field(vector: dict[str, Any]) -> None:
    with pytest.raises(receiver.WebhookError) as refused:
        receiver.parse(vector["body"].encode())
    assert (refused.value.code, refused.value.field) == ("MALFORMED_BODY", vector["field"])


@each("bodies")
def test_the_fields_of_a_body_are_those_of_its_data(vector: dict[str, Any]) -> None:
    event = receiver.parse(vector["body"].encode())
    body = json.loads(vector["body"])
    assert (event.id, event.type) == (vector["id"], body["event"])
    assert event.created_at == time_of(body["created_at"])
    assert event.raw_data == body["data"]
    if isinstance(event.data, Mapping):
        assert event.data == body["data"]
        return
    fields = {
        name: value for name, value in dataclasses.asdict(event.data).items() if value is not None
    }
    for name, value in fields.items():
        written = body["data"][name]
        assert value == (time_of(written) if isinstance(value, datetime) else written)
    assert fields.keys() == body["data"].keys()


def time_of(text: str) -> datetime:
    """Read otherwise than the receiver does: to the second, and its fraction apart."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    microseconds = int(float(f"0.{fraction or 0}") * 1_000_000)
    whole = datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return whole + timedelta(microseconds=microseconds)
