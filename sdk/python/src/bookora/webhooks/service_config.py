"""The service's own config, which says what is retried and how long a call may take."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple


class ServiceConfig(NamedTuple):
    """The published config, in two parts."""

    retries: str
    """For gRPC, without the deadlines: there they would cut those that a caller sets longer."""
    timeouts: Mapping[str, float]
    """In seconds, by full name of a method, or of a service with a slash behind."""


def published_service_config() -> ServiceConfig:
    """The config that comes with the package, as `make generate-python` copies it."""
    text = resources.files(__package__).joinpath("service_config.json").read_text("utf-8")
    config = json.loads(text)
    timeouts = {}
    for method_config in config["methodConfig"]:
        timeout = method_config.pop("timeout", None)
        if timeout is not None:
            for name in method_config["name"]:
                # Proto's JSON form of a duration: seconds, and an s.
                timeouts[f"/{name['service']}/{name.get('method', '')}"] = float(timeout[:-1])
    return ServiceConfig(json.dumps(config), timeouts)
