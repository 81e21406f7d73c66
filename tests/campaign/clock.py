"""The wall clock of one process, which can be set: see clock.c, which is compiled here."""

import mmap
import pathlib
import struct
import subprocess

SOURCE = pathlib.Path(__file__).with_name("clock.c")


def compile_into(folder):
    """The library, or None where there is no C compiler, or no C library that it can stand before."""
    library = folder / "clock.so"
    compiled = subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], capture_output=True)
    return library if compiled.returncode == 0 else None


class Clock:
    """A clock, and the variables that give it to a process."""

    def __init__(self, path, library):
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self.ahead = mmap.mmap(file.fileno(), 8)
        self.variables = {"LD_PRELOAD": str(library), "CAMPAIGN_CLOCK": str(path)} if library else {}

    def set_ahead(self, seconds):
        """By so much it is ahead of the machine's from now on."""
        self.ahead[:] = struct.pack("=q", seconds * 1_000_000_000)
