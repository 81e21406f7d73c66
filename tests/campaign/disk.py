"""The file system that the database is on: a small one in memory, whose limit can be lowered to what is
used, and put back. The campaign mounts it in a mount namespace of its own, which ends with it.
"""

import os
import shutil
import subprocess
import sys

# In memory: only what is used is taken.
SIZE_BYTES = 4 << 30
NAMESPACE = "CAMPAIGN_NAMESPACE"
# Nothing but what the file system rounds up to.
LEFT_BYTES = 64 * 1024
FILL_TRIES = 100


def enter_namespace():
    """Begins this program again where mounts are its own; goes on where that cannot be."""
    if os.geteuid() != 0 or os.environ.get(NAMESPACE) or not shutil.which("unshare"):
        return
    possible = subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
    if possible:
        os.environ[NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B", *sys.argv])


class Disk:
    """A folder for the database. `can_fill` says whether it is a file system of its own."""

    def __init__(self, folder):
        self.folder = folder / "disk"
        self.folder.mkdir()
        self.can_fill = bool(os.environ.get(NAMESPACE)) and self.mount(f"size={SIZE_BYTES},mode=755")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.can_fill:
            # Lazily: somebody may still be there for a moment.
            subprocess.run(["umount", "-l", self.folder], check=False)

    def mount(self, options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder]
        return subprocess.run(command, capture_output=True).returncode == 0

    def resize(self, size):
        command = ["mount", "-o", f"remount,size={size}", self.folder]
        return subprocess.run(command, capture_output=True).returncode == 0

    def fill(self):
        """Leaves no room. What is written meanwhile may make it less than is used, which is refused."""
        for _ in range(FILL_TRIES):
            if self.resize(self.used_bytes() + LEFT_BYTES):
                return
        raise RuntimeError(f"the disk could not be filled in {FILL_TRIES} tries")

    def free(self):
        """Gives the room back."""
        if not self.resize(SIZE_BYTES):
            raise RuntimeError("the disk could not be freed")

    def used_bytes(self):
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize
