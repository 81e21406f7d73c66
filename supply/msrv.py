"""Says whether the oldest Rust that is promised is the same everywhere, and enough for what is used.

That the code uses nothing newer is clippy's to see (`incompatible_msrv`, by the same rust-version).
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Where it is declared, and where it is told.
MANIFESTS = ["Cargo.toml", "sdk/rust/Cargo.toml", "sdk/rust/generator/Cargo.toml"]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "sdk/rust/README.md"]


def numbers(version):
    return tuple(int(number) for number in (version.split(".") + ["0"])[:3])


def metadata(manifest):
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--manifest-path={ROOT / manifest}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main():
    faults = []
    declared = {name: re.search(r'(?m)^rust-version = "(.+)"', (ROOT / name).read_text()) for name in MANIFESTS}
    promised = declared[MANIFESTS[0]].group(1)
    for name, found in declared.items():
        if found is None or found.group(1) != promised:
            faults.append(f"{name}: rust-version is not {promised}, as in {MANIFESTS[0]}")
    for name in DOCUMENTS:
        told = re.findall(r"Rust (\d+\.\d+)", (ROOT / name).read_text())
        if not told or set(told) != {promised}:
            faults.append(f"{name}: tells of Rust {', '.join(told) or 'nothing'}, and not of {promised}")
    packages = metadata(MANIFESTS[0])["packages"]
    needs = [(numbers(one["rust_version"] + ".0"), one) for one in packages if one["rust_version"]]
    for needed, one in needs:
        if needed[:2] > numbers(promised)[:2]:
            faults.append(f"{one['name']} {one['version']} needs Rust {one['rust_version']}, and {promised} is promised")
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"Rust {promised} is promised in {len(MANIFESTS) + len(DOCUMENTS)} places, and enough for "
              f"{len(packages)} packages, of which {len(needs)} say what they need")
    return bool(faults)


sys.exit(main())
