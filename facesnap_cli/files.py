"""Files that hold what others must not read or change, or what a crash must not halve."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file's content, and who else on this machine may read or write it. Nobody on Windows, which has no such bits.

    `exposed` is said of group and others, `exposed_to_all` of others alone. `writable_by_others`: anybody but the owner
    may write it, a group of which the owner is the only member left aside.
    """

    content: bytes
    exposed: bool
    exposed_to_all: bool
    writable_by_others: bool


def read_regular(path: Path, max_bytes: int) -> ReadFile:
    """Read a file that is one: not a directory, not a pipe, which could make the program wait for ever.

    The permissions are those of the file that was read, wherever symbolic links led. Raises OSError, also for a file
    longer than `max_bytes`.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it is longer than {max_bytes} bytes")
    bits = status.st_mode if os.name == "posix" else 0
    return ReadFile(
        content,
        exposed=bool(bits & (stat.S_IRWXG | stat.S_IRWXO)),
        exposed_to_all=bool(bits & stat.S_IRWXO),
        writable_by_others=_writable_by_others(status),
    )


def replaceable_by_others(path: Path) -> Path | None:
    """Return the directory in which anybody but the owner could put another file in this one's place; None without.

    Looked at are the directory of `path` and, where that is a symbolic link, the one of the file that it names. In one
    with the sticky bit, such as /tmp, nobody removes what is another's; in a read-only one, nobody does anything.
    """
    for directory in {path.absolute().parent, path.resolve().parent}:
        if not directory.is_dir():
            continue
        status = directory.stat()
        if status.st_mode & stat.S_ISVTX or os.name != "posix" or os.statvfs(directory).f_flag & os.ST_RDONLY:
            continue
        if _writable_by_others(status):
            return directory
    return None


def _writable_by_others(status: os.stat_result) -> bool:
    """Tell whether others may write to a file or directory, or its group may, unless that is its owner's private group.

    A private group is one that is called as the owner and has no other member: where users have such groups, their
    umask is often 002, and all their files are writable by the group. ssh of Debian and Ubuntu judges alike.
    """
    if os.name != "posix":
        return False
    if status.st_mode & stat.S_IWOTH:
        return True
    if not status.st_mode & stat.S_IWGRP:
        return False
    import grp
    import pwd

    try:
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return True
    return owner.pw_name != group.gr_name or bool(set(group.gr_mem) - {owner.pw_name})


def make_private_directory(path: Path) -> None:
    """Make `path` and what is missing above it, for its owner only. Raises OSError where others may write to it."""
    for directory in reversed([path, *path.parents]):
        directory.mkdir(mode=0o700, exist_ok=True)
    if os.name == "posix" and path.stat().st_mode & stat.S_IWOTH:
        raise PermissionError(
            errno.EPERM, f"anybody may write to {path}; take a directory of your own, or chmod 700 {path}"
        )


@contextlib.contextmanager
def replaced(path: Path, *, mode: int = 0o600) -> Iterator[IO[str]]:
    """Give a file to write; at the end it takes `path`'s place, whole, on disk and with this mode, or not at all.

    A symbolic link stays one: what it names is replaced.
    """
    target = path.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
