"""What tests are given: the program, a client of it, a receiver."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage.hooks import Hooks, receiving
from stage.secured import Secured, serving_secured
from stage.service import Service, serving

from bookora.webhooks import Client


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with serving(tmp_path) as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(f"http://{service.address}") as client:
        yield client


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    with serving_secured(tmp_path, "--custom-event-types=invoice.*") as secured:
        yield secured


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with receiving() as hooks:
        yield hooks
