"""What users install is whole, and does what its README says."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from stage.samples import booking
from stage.service import ROOT, Service

from bookora.webhooks import VERSION, Client
from bookora.webhooks.v1 import GetEventRequest

SDK = ROOT / "sdk/python"
PACKAGED = {
    str(file.relative_to(SDK / "src"))
    for file in (SDK / "src/bookora").rglob("*")
    if file.is_file() and "__pycache__" not in file.parts
}


def run(*arguments: str | Path) -> str:
    """Runs a program apart from the checkout's code."""
    ran = subprocess.run(arguments, capture_output=True, text=True, cwd="/", check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, and the wheel that is built of it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, SDK)
    return folder


@pytest.fixture(scope="module")
def installed(artefacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel; what it depends on is there, as the wheel says it."""
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    dependencies = Path(pytest.__file__).parents[1]
    (site_packages,) = venv.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(f"{dependencies}\n")
    python = venv / "bin/python"
    (wheel,) = artefacts.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", f"--python={python}")
    run(*pip, "install", "--quiet", "--no-index", wheel)
    location = run(python, "-c", "import bookora.webhooks; print(bookora.webhooks.__file__)")
    assert Path(location).is_relative_to(venv)
    return python


def shown(name: str) -> str:
    """The block of README.md that is marked example=<name>."""
    readme = (SDK / "README.md").read_text()
    block = re.search(rf"```python example={name}\n(.*?)```", readme, re.DOTALL)
    assert block, f"README.md has no block marked example={name}"
    return block[1]


def test_the_artefacts_have_the_package_and_nothing_beside(artefacts: Path) -> None:
    stem = f"bookora_webhooks_sdk-{VERSION}"
    with zipfile.ZipFile(artefacts / f"{stem}-py3-none-any.whl") as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == PACKAGED
    assert {"bookora/webhooks/py.typed", "bookora/webhooks/service_config.json"} < names
    with tarfile.open(artefacts / f"{stem}.tar.gz") as source:
        names = {name.removeprefix(f"{stem}/") for name in source.getnames()}
    beside = {"PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
    assert names == {f"src/{name}" for name in PACKAGED} | beside


def test_the_lines_of_the_readme_publish_an_event(
    installed: Path, service: Service, client: Client
) -> None:
    lines = shown("publish").replace("127.0.0.1:50051", service.address)
    event_id = run(installed, "-c", lines).strip()
    request = GetEventRequest(account_id="acct_1", event_id=event_id)
    event = client.delivery_query.GetEvent(request).event
    assert event.idempotency_key == "cus_1 created"


def test_the_lines_of_the_readme_publish_with_asyncio(
    installed: Path, service: Service, client: Client
) -> None:
    coroutine = "".join(f"    {line}\n" for line in shown("async").splitlines())
    program = (
        "import asyncio\n"
        "from bookora.webhooks import AsyncClient\n"
        "from bookora.webhooks.v1 import PublishEventRequest\n"
        f"request = PublishEventRequest.FromString({booking('bkg_1').SerializeToString()!r})\n"
        f"async def main():\n{coroutine}\nasyncio.run(main())"
    )
    event_id = run(installed, "-c", program.replace("127.0.0.1:50051", service.address)).strip()
    request = GetEventRequest(account_id="acct_1", event_id=event_id)
    assert client.delivery_query.GetEvent(request).event.event_id == event_id


def test_the_lines_of_the_readme_receive(installed: Path) -> None:
    program = (
        "import json\n"
        f"{shown('receive')}\n"
        f"vectors = json.load(open({str(ROOT / 'tests/vectors/webhooks.json')!r}))\n"
        "vector = vectors['signing'][0]\n"
        "secrets = vector['secrets']\n"
        "print(take(vector['body'].encode(), vector['headers']))\n"
        "secrets = []\n"
        "print(take(vector['body'].encode(), vector['headers']))\n"
    )
    # Its time is long past.
    assert run(installed, "-c", program).split() == ["401", "500"]


def test_what_is_installed_is_typed(installed: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"{shown('publish')}\nreveal_type(client.publish(request).event_id)\n")
    told = run(
        sys.executable,
        *("-m", "mypy", "--strict", "--no-error-summary"),
        f"--cache-dir={ROOT / '.tools/sdk-python/mypy_cache'}",
        f"--python-executable={installed}",
        program,
    )
    assert 'Revealed type is "str"' in told


def test_the_stubs_live_beside_those_of_googleapis(installed: Path) -> None:
    program = (
        "import google.rpc.status_pb2, google.rpc.error_details_pb2, google.rpc.code_pb2\n"
        "import bookora.webhooks.v1 as v1\n"
        "result = v1.PublishEventResult(error=google.rpc.status_pb2.Status(code=5))\n"
        "print(result.error.code)"
    )
    assert run(installed, "-c", program).strip() == "5"
