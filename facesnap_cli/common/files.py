"""Read and write files privately and atomically, and check who else may read or change them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

APPEND_TIMEOUT_S = 10.0
_READER_PAUSE_S = 0.05
_MOST_LINKS = 40


class ReadFile(NamedTuple):
    """A file's content, and who else on this machine may read or write it.

    `exposed`: the group or others may read or write it. `exposed_to_all` and `writable_by_all`: others may.
    `writable_by_others`: others may write it, or a group that has other members than the owner. `is_foreign`: it
    belongs neither to this user nor to the administrator. All are false on Windows, which has no such permissions.
    """

    content: bytes
    exposed: bool
    exposed_to_all: bool
    writable_by_all: bool
    writable_by_others: bool
    is_foreign: bool = False


class ForeignFileError(PermissionError):
    """A file or directory that must be this user's alone, and is not."""

    def __init__(self, path: Path, reason: str):
        super().__init__(errno.EPERM, f"{path} {reason}")
        self.path = path


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file to read. Raises OSError for any other: a pipe could block for ever."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, max_bytes: int) -> ReadFile:
    """Read a regular file. Raises OSError, also if it is longer than `max_bytes`.

    Symbolic links are followed. The permissions are those of the file that was read.
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
    """Return a directory in which others could replace the file; None if they cannot.

    Checks the directory of `path` and, if `path` is a symbolic link, its target's directory. A directory with the
    sticky bit, such as /tmp, is safe: users cannot remove each other's files. So is a read-only file system.
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
    """Return whether others, or a group with other members than the owner, may write to a file or directory.

    Some systems give each user a private group, which has the user's name and no other member. The umask there is
    often 002, so that the group may write all files. OpenSSH of Debian and Ubuntu accepts such files too.
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
    """Create an empty file with mode 0600 if there is none. Raises OSError.

    With `checked`, raises ForeignFileError for a file that is not this user's alone, and for a symbolic link, which
    could name any other file of this user.
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
    """Return a file's status. Raises ForeignFileError unless it is a regular file that only this user may open.

    Owner and permissions are ignored on a file system that does not keep them.
    """
    # The file is not opened: closing it would release the locks that SQLite has on it.
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ForeignFileError(path, "is not a regular file")
    if not _is_own(status) and _keeps_owners(path.parent):
        is_ours = status.st_uid == os.geteuid()
        raise ForeignFileError(path, "may be opened by others" if is_ours else "belongs to another user")
    return status


def _is_own(status: os.stat_result) -> bool:
    """Return whether only this user may open a file. Always true on Windows, which has no such permissions."""
    others = stat.S_IRWXG | stat.S_IRWXO
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & others)


def _keeps_owners(directory: Path) -> bool:
    """Return whether a directory's file system keeps owners and permissions: CIFS and vfat do not."""
    import tempfile

    with tempfile.TemporaryFile(dir=directory) as file:
        return _is_own(os.fstat(file.fileno()))


def make_private_directory(path: Path, *, inside: Path | None = None) -> None:
    """Create a directory, and its missing parents, for this user only.

    `inside` is a parent that must be as private. Raises ForeignFileError if others may write to one of them.
    """
    for directory in (inside, path) if inside else (path,):
        for missing in (*reversed(directory.parents), directory):
            missing.mkdir(mode=0o700, exist_ok=True)
        status = directory.stat()
        if os.name == "posix" and status.st_uid != os.geteuid():
            raise ForeignFileError(directory, "belongs to another user; take a directory of your own")
        if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            import shlex

            command = shlex.join(["chmod", "700", str(directory)])
            raise ForeignFileError(directory, f"may be written by others; take a directory of your own, or {command}")


@contextlib.contextmanager
def replaced(path: Path, *, mode: int = 0o600, keep_link: bool = False) -> Iterator[IO[str]]:
    """Yield a file to write, which then replaces `path` as a whole: on disk and with this mode, or not at all.

    If `path` is a symbolic link, the link is replaced: in a shared directory it may be another user's, and name any
    file. With `keep_link` its target is replaced. Raises OSError if `path` is not a regular file.
    """
    import tempfile

    target = path.resolve() if keep_link else path
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode) or is_descriptor(target):
            raise OSError(errno.EINVAL, "it is not a regular file", str(target))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
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


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, with mode 0600, whole or not at all. Raises OSError."""
    with open(path, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(path)
            raise


def append_text(
    path: Path, text: str, *, mode: int = 0o644, keep_link: bool = False, timeout_s: float = APPEND_TIMEOUT_S
) -> None:
    """Add text to a file, a pipe or a device. A file gets all of it or nothing. Raises OSError.

    A pipe that nobody reads, or that is full, is an error after `timeout_s`. A symbolic link to a file is replaced, as
    `replaced` does it, unless `keep_link` is set.
    """
    if path.is_symlink() and not keep_link and (path.is_file() or not path.exists()) and not is_descriptor(path):
        with replaced(path, mode=mode) as file:
            file.write(text)
        return
    is_new = not path.exists()
    deadline = time.monotonic() + timeout_s
    descriptor = _open_to_append(path, mode, deadline)
    try:
        before = os.fstat(descriptor)
        try:
            _write_until(descriptor, text.encode("utf-8", "backslashreplace"), deadline)
            if stat.S_ISREG(before.st_mode):
                os.fsync(descriptor)
        except OSError:
            if stat.S_ISREG(before.st_mode):
                os.ftruncate(descriptor, before.st_size)
            if is_new:
                path.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)


class AppendedFile:
    """A file, pipe or device that is kept open to add to it. Not safe for several threads.

    A file that was renamed or removed meanwhile, as by log rotation, is created again under its name.
    """

    def __init__(self, path: Path, mode: int):
        self._path = path
        self._mode = mode
        self._descriptor: int | None = None
        self._is_torn = False

    @property
    def is_special(self) -> bool:
        """Whether it is a pipe or a device."""
        try:
            status = self._path.stat() if self._descriptor is None else os.fstat(self._descriptor)
        except OSError:
            return False
        return not stat.S_ISREG(status.st_mode)

    def write(self, line: bytes, timeout_s: float = APPEND_TIMEOUT_S) -> None:
        """Add a line. Raises OSError, also if a pipe is full or nobody reads it for `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        if self._descriptor is not None and not self.is_special and self._has_moved(self._descriptor):
            self.close()
        if self._descriptor is None:
            self._descriptor = _open_to_append(self._path, self._mode, deadline)
            self._is_torn = False
        size = os.fstat(self._descriptor).st_size
        try:
            _write_until(self._descriptor, b"\n" + line if self._is_torn else line, deadline)
        except OSError:
            self._is_torn = os.fstat(self._descriptor).st_size > size  # a full disk takes a part of a line
            raise
        self._is_torn = False

    def close(self) -> None:
        """Close the file, which the next line opens again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _has_moved(self, descriptor: int) -> bool:
        try:
            return not os.path.samestat(os.fstat(descriptor), self._path.stat())
        except OSError:
            return True


def is_descriptor(path: Path) -> bool:
    """Return whether a path leads through links to an open file of a process, such as /dev/stdout, or to a device."""
    for _ in range(_MOST_LINKS):
        if os.path.realpath(path.parent).startswith(("/dev", "/proc")):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / os.readlink(path)
    return False


def _open_to_append(path: Path, mode: int, deadline: float) -> int:
    """Open a file, pipe or device to write at its end, and wait until a pipe has a reader."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    with contextlib.suppress(FileNotFoundError):
        kind = path.stat().st_mode
        if stat.S_ISSOCK(kind) or stat.S_ISBLK(kind):
            raise OSError(errno.EINVAL, "it is neither a file, a pipe nor a character device", str(path))
    while True:
        try:
            return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), mode)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() >= deadline:
                raise OSError(errno.ETIMEDOUT, "nobody reads this pipe", str(path)) from error
        time.sleep(_READER_PAUSE_S)


def _write_until(descriptor: int, content: bytes, deadline: float) -> None:
    import select

    rest = memoryview(content)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([], [descriptor], [], left_s)[1]:
                raise OSError(errno.ETIMEDOUT, "its reader takes nothing") from None


def sync_directory(directory: Path) -> None:
    """Write a directory's renamed files to disk, on systems that can. Raises OSError."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
