"""Writes what the program is made of, as CycloneDX 1.6 (JSON): the packages of Cargo.lock that are
built into it or make it, and the C code inside of them. The same checkout gives the same bytes.

    python3 supply/sbom.py OUT.json
"""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).parent.parent
# C code that a package brings along: where its version stands.
BUNDLED = {
    "libsqlite3-sys": ("sqlite", "sqlite3/sqlite3.h", r'#define SQLITE_VERSION\s+"([^"]+)"', "blessing"),
    "tikv-jemalloc-sys": ("jemalloc", None, r"\+([0-9.]+)-", "BSD-2-Clause"),
}
# The platform whose packages are listed, as with deny.toml's first.
TARGET = "x86_64-unknown-linux-gnu"


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={TARGET}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)


def checksums():
    lock = (ROOT / "Cargo.lock").read_text()
    found = re.findall(r'name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"', lock)
    return {(name, version): checksum for name, version, checksum in found}


def reached(nodes, root):
    """What the root needs, without what only tests need; and what each needs."""
    needs = {}
    waiting = [root]
    while waiting:
        package = waiting.pop()
        if package in needs:
            continue
        kinds = lambda one: {kind["kind"] for kind in one["dep_kinds"]}
        needs[package] = [one["pkg"] for one in nodes[package]["deps"] if kinds(one) - {"dev"}]
        waiting.extend(needs[package])
    return needs


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def component(package, checksums):
    described = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package["license"]:
        # The slash is how licences were once written.
        described["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return described


def bundled(package):
    name, file, pattern, license = BUNDLED[package["name"]]
    text = (Path(package["manifest_path"]).parent / file).read_text() if file else package["version"]
    version = re.search(pattern, text).group(1)
    reference = f"pkg:generic/{name}@{version}"
    licenses = [{"license": {"id": license}}]
    return {"type": "library", "bom-ref": reference, "name": name, "version": version,
            "purl": reference, "licenses": licenses, "description": f"inside {package['name']}"}


def main(out):
    all_of_it = metadata()
    packages = {package["id"]: package for package in all_of_it["packages"]}
    nodes = {node["id"]: node for node in all_of_it["resolve"]["nodes"]}
    root = all_of_it["resolve"]["root"]
    needs, sums = reached(nodes, root), checksums()
    components, dependencies = [], []
    for package in (packages[id] for id in needs):
        refs = sorted(reference(packages[id]) for id in needs[package["id"]])
        if package["name"] in BUNDLED:
            inside = bundled(package)
            components.append(inside)
            refs.append(inside["bom-ref"])
            dependencies.append({"ref": inside["bom-ref"]})
        if package["id"] != root:
            components.append(component(package, sums))
        dependencies.append({"ref": reference(package), "dependsOn": refs})
    missing = set(BUNDLED) - {packages[id]["name"] for id in needs}
    assert not missing, f"no longer in the program: {missing}"
    application = component(packages[root], sums) | {"type": "application"}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": application},
        "components": sorted(components, key=lambda one: one["bom-ref"]),
        "dependencies": sorted(dependencies, key=lambda one: one["ref"]),
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True))
    bom["serialNumber"] = f"urn:uuid:{number}"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(bom, indent=2, sort_keys=True) + "\n")
    print(f"{out}: {len(components)} components")


main(Path(sys.argv[1]))
