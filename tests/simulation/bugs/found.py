"""Shows that the simulation finds bugs: puts each of the patches beside this file into a copy of the
tree, and runs seeds until one breaks a promise. Fails where a patch no longer applies, or where
1,000 seeds find nothing.

Where a rule is in a statement of SQL, the patch makes the same mistake in the model, which is held
to the databases by tests/integration/model.rs; the last patch makes it in the SQL alone, and is found
there.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
COPY = ROOT / "target" / "sim-bugs"
SEEDS = 1_000
# Each bug's patch, and the test that is to find it.
BUGS = {
    "fence-removed": "simulation",
    "lease-too-short": "simulation",
    "log-read-by-sequence": "simulation",
    "outbox-split": "simulation",
    "sent-before-commit": "simulation",
    "fence-removed-in-sql": "integration",
}
TESTS = {"simulation": "no_seed_breaks_a_promise", "integration": "model::"}


def copy_tree() -> None:
    """What git knows of and what is new, as it is now; an earlier copy is brought up to date."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)


def apply(patch: pathlib.Path, *options: str) -> None:
    command = ["patch", "--quiet", "-p1", "--fuzz=0", *options, "--input", str(patch)]
    done = subprocess.run(command, cwd=COPY, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{patch.name} does not apply any more: {done.stdout}{done.stderr}")


def find(test: str) -> tuple[bool, str]:
    """Whether the test fails as it is to, and what it says."""
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(ROOT / "target"),
        "BOOKORA_TEST_SEEDS": str(SEEDS),
        "RUST_BACKTRACE": "0",
    }
    cargo = [os.environ.get("CARGO", "cargo"), "test", "--locked", "--test", test]
    built = subprocess.run([*cargo, "--no-run"], cwd=COPY, env=environment, capture_output=True, text=True)
    if built.returncode != 0:
        sys.exit(f"with the bug the tree does not build:\n{built.stderr}")
    ran = subprocess.run(
        [*cargo, TESTS[test], "--", "--nocapture"],
        cwd=COPY, env=environment, capture_output=True, text=True,
    )
    told = re.search(r"seed (\d+)(?: breaks promises.*?\[\s*\"(.*?)\"|: (the (?:rows|answers)[^\[]*))",
                     ran.stdout + ran.stderr, re.DOTALL)
    if ran.returncode == 0 or told is None:
        return False, (ran.stdout + ran.stderr)[-2_000:]
    return True, f"seed {told[1]}: {(told[2] or told[3] or '').strip()}"


def main() -> None:
    wanted = sys.argv[1:] or list(BUGS)
    missed = []
    for bug in wanted:
        copy_tree()
        patch = HERE / f"{bug}.patch"
        apply(patch)
        begun = time.monotonic()
        is_found, told = find(BUGS[bug])
        apply(patch, "--reverse")
        print(f"{bug}: {'found' if is_found else 'NOT FOUND'} in {time.monotonic() - begun:.0f} s: {told}",
              flush=True)
        if not is_found:
            missed.append(bug)
    if missed:
        sys.exit(f"not found within {SEEDS} seeds: {', '.join(missed)}")


main()
