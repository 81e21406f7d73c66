"""Holds the list of what the program is made of against Cargo.lock, and against a second one.

    python3 supply/sbom_test.py SBOM.json
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main(path):
    bom = json.loads(path.read_text())
    listed = {(one["name"], one["version"]) for one in bom["components"]}
    lock = (ROOT / "Cargo.lock").read_text()
    for name, version in listed:
        inside = name in ("sqlite", "jemalloc")
        assert inside or f'name = "{name}"\nversion = "{version}"\n' in lock, f"{name} {version}"
    names = {name for name, _ in listed}
    assert {"sqlite", "jemalloc", "tonic", "rustls", "ring"} <= names, "what the program cannot be without"
    assert not {"proptest", "divan", "hdrhistogram"} & names, "what only tests and benchmarks need"
    for one in bom["components"]:
        assert one["licenses"], f"{one['name']} has no licence"
    references = {one["bom-ref"] for one in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    for one in bom["dependencies"]:
        assert set(one.get("dependsOn", [])) | {one["ref"]} <= references, one["ref"]
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "again.json"
        command = [sys.executable, "-B", ROOT / "supply/sbom.py", again]
        subprocess.run(command, check=True, capture_output=True)
        assert again.read_bytes() == path.read_bytes(), "the same checkout gives the same bytes"
    print(f"{path}: every one of {len(listed)} components has a licence, and is in Cargo.lock or inside one that is")


main(Path(sys.argv[1]))
