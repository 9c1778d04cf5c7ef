"""Files that hold what others must not read or change, or files written atomically and privately."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file's content, and who else on this machine may read or write it. Nobody on Windows, which has no such bits.

    `exposed` is said of group and others, `exposed_to_all` and `writable_by_all` of others alone. `writable_by_others`:
    anybody but the owner may write it, a group of which the owner is the only member left aside. `is_foreign`: another
    user than this one and the administrator owns it.
    """

    content: bytes
    exposed: bool
    exposed_to_all: bool
    writable_by_all: bool
    writable_by_others: bool
    is_foreign: bool = False


class ForeignFileError(PermissionError):
    """A file that is not this user's alone, where it has to be."""

    def __init__(self, path: Path, reason: str):
        super().__init__(errno.EPERM, f"{path} {reason}")
        self.path = path


def open_regular(path: Path) -> IO[bytes]:
    """Open a file that is one to read: not a directory, not a pipe, which could make the program wait for ever.

    Raises OSError.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, max_bytes: int) -> ReadFile:
    """Read a file, which `open_regular` opens.

    The permissions are those of the file that was read, wherever symbolic links led. Raises OSError, also for a file
    longer than `max_bytes`.
    """
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it is longer than {max_bytes} bytes")
    bits = status.st_mode if os.name == "posix" else 0
    return ReadFile(
        content,
        exposed=bool(bits & (stat.S_IRWXG | stat.S_IRWXO)),
        exposed_to_all=bool(bits & stat.S_IRWXO),
        writable_by_all=bool(bits & stat.S_IWOTH),
        writable_by_others=_writable_by_others(status),
        is_foreign=os.name == "posix" and status.st_uid not in (0, os.geteuid()),
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


def make_own_file(path: Path, *, checked: bool = True) -> None:
    """Make an empty file, mode 0600, if there is none. Raises OSError.

    `checked` raises ForeignFileError for a file that is not ours alone, and for a symbolic link: it could lead into
    any other file of this user.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | (getattr(os, "O_NOFOLLOW", 0) if checked else 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ForeignFileError(path, "is a symbolic link") from error
        raise
    if checked:
        check_own_file(path)


def check_own_file(path: Path) -> os.stat_result:
    """Return a file's status. Raises ForeignFileError unless it is regular, this user's, and nobody else may open it.

    It is not opened: to close it again would let go of the locks that SQLite has on it. On a file system that keeps no
    owners and permissions nothing can be told from them.
    """
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ForeignFileError(path, "is not a regular file")
    if not _is_own(status) and _keeps_owners(path.parent):
        is_ours = status.st_uid == os.geteuid()
        raise ForeignFileError(path, "may be opened by others" if is_ours else "belongs to another user")
    return status


def _is_own(status: os.stat_result) -> bool:
    """Tell whether a file is this user's, and nobody else may open it. Always on Windows, which has no such bits."""
    others = stat.S_IRWXG | stat.S_IRWXO
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & others)


def _keeps_owners(directory: Path) -> bool:
    """Tell whether a file that is made in a directory for its owner alone is one: on CIFS or vfat it is not."""
    with tempfile.TemporaryFile(dir=directory) as file:
        return _is_own(os.fstat(file.fileno()))


def make_private_directory(path: Path, *, inside: Path | None = None) -> None:
    """Make a directory for its owner only, as are those of its parents that are missing.

    `inside` is a parent that must be as private. Raises ForeignFileError where others may write to one of them.
    """
    for directory in (inside, path) if inside else (path,):
        for one in (*reversed(directory.parents), directory):
            one.mkdir(mode=0o700, exist_ok=True)
        status = directory.stat()
        if os.name == "posix" and status.st_uid != os.geteuid():
            raise ForeignFileError(directory, "belongs to another user; take a directory of your own")
        if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            command = shlex.join(["chmod", "700", str(directory)])
            raise ForeignFileError(directory, f"may be written by others; take a directory of your own, or {command}")


@contextlib.contextmanager
def replaced(path: Path, *, mode: int = 0o600, keep_link: bool = False) -> Iterator[IO[str]]:
    """Give a file to write; at the end it takes `path`'s place, whole, on disk and with this mode, or not at all.

    Where `path` is a symbolic link, the link is replaced: in a directory of several users it may be another's, and lead
    anywhere. With `keep_link` it stays, and what it names is replaced. Raises OSError for what is no file, as a device.
    """
    target = path.resolve() if keep_link else path
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(target))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            if mode != 0o600:
                os.chmod(file.fileno() if os.chmod in os.supports_fd else name, mode)
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def sync_directory(directory: Path) -> None:
    """Let what was renamed in a directory be on disk, on systems that can. Raises OSError."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
