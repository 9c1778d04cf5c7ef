"""Small disks that tests fill, where the system lets them be mounted, and a limit of this process's files elsewhere."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = 8 * 1024 * 1024


@dataclass
class Disk:
    """A file system of its own."""

    path: Path

    def leave(self, room: int) -> None:
        """Fill the disk but for `room` bytes."""
        self.free()
        used = sum(file.stat().st_blocks * 512 for file in self.path.rglob("*") if file.is_file())
        (self.path / "filling").write_bytes(bytes(SIZE - used - room))

    def free(self) -> None:
        """Make room again."""
        (self.path / "filling").unlink(missing_ok=True)

    def files(self) -> list[str]:
        """Return the names of the files that are not the filling."""
        return sorted(file.name for file in self.path.rglob("*") if file.is_file() and file.name != "filling")


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """Mount a small disk. Skips the test where only the administrator may, or nobody."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted: {error}")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)


@contextlib.contextmanager
def files_limited(size: int) -> Iterator[None]:
    """Let no file of this process become longer than `size` bytes, as a quota may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
