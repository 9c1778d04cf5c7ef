"""Files that hold what others must not read or what a crash must not halve."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def exposed_to_others(path: Path) -> bool:
    """Tell whether somebody else on this machine may read the file. Never on Windows, which has no such bits."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def make_private_directory(path: Path) -> None:
    """Make `path` and its parents, `path` itself for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def replaced(path: Path, *, mode: int = 0o600) -> Iterator[IO[str]]:
    """Give a file to write; at the end it takes `path`'s place, whole, on disk and with this mode, or not at all.

    A symbolic link stays one: what it names is replaced.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode != 0o600:
            os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
