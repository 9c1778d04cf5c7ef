"""Read a key from a variable, a file, a command or the keyring, each with a time limit."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import shorten
from typing import IO, TYPE_CHECKING, Any

from facesnap_cli.common.errors import ConfigurationError, CredentialsError, reason_of
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import read_regular
from facesnap_cli.common.hints import Hint, command, option
from facesnap_cli.common.secret import Secret

if TYPE_CHECKING:
    import subprocess

SOURCE_TIMEOUT_S = 30.0
MAX_KEY_BYTES = 8192
KEY_HINT = "it must be one line of letters and digits"
_SHOWN_REASON_CHARS = 300
_PIPE_GRACE_S = 1.0


def check_key(text: str, source: str) -> Secret:
    """Return the key in `text`, which may end in a line break. Raises CredentialsError, which never repeats it."""
    key = text.strip()
    if not key:
        raise CredentialsError(f"{source} gives an empty key")
    if not could_be_key(key):
        raise CredentialsError(f"{source} gives something that cannot be a key", hint=KEY_HINT)
    return Secret(key)


def could_be_key(text: str) -> bool:
    """Return whether the characters and the length of a text allow it to be a key."""
    return len(text) <= MAX_KEY_BYTES and text.isascii() and text.isprintable() and " " not in text


def from_variable(name: str, variable: str, profile: str | None, environment: Mapping[str, str]) -> Secret:
    """Return the key in the environment variable that the setting `name` names. Raises CredentialsError."""
    if not environment.get(variable):
        raise CredentialsError(
            f"the variable {harmless(variable)}, which {name} of profile {profile} names, is not set",
            hint=Hint(
                "cron and systemd start with an environment of their own: ",
                command("doctor", "--as-cron", *option("--profile", profile)),
            ),
        )
    return check_key(environment[variable], f"the variable {harmless(variable)}")


def from_file(path: str, base: Path, environment: Mapping[str, str]) -> Secret:
    """Return the key in a file. Its path is relative to `base` and may hold variables. Raises CredentialsError.

    A file in systemd's $CREDENTIALS_DIRECTORY may have permission bits for its group, because they stand for the access
    list that admits this service.
    """
    try:
        expanded = base / Path(_expanded(path, environment)).expanduser()
    except RuntimeError:
        raise CredentialsError(f"key_file {harmless(path)}: this home directory is not known") from None
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    try:
        file = read_regular(expanded, MAX_KEY_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it cannot be a path"
        raise CredentialsError(f"the key file {expanded} cannot be read: {reason}") from error
    is_systemd = bool(credentials) and expanded.is_relative_to(Path(credentials or ""))
    if file.exposed_to_all or (file.exposed and not is_systemd):
        raise CredentialsError(
            f"{expanded} holds a key and others may read it", hint=f"chmod 600 {shlex.quote(str(expanded))}"
        )
    return check_key(file.content.decode("utf-8-sig", errors="replace"), f"the key file {expanded}")


def from_command(
    name: str, command: str | list[str], base: Path, environment: Mapping[str, str], hidden: set[str]
) -> Secret:
    """Return the first line that a command prints. It runs without a shell, a terminal and the variables `hidden`.

    A program with a directory in its name is relative to `base`, like a key file, not to the current directory.
    Raises CredentialsError if it fails, prints too much or exceeds its time, and then kills it with its children.
    Raises ConfigurationError if the command line cannot be split.
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigurationError(f"{name} cannot be read: {error}") from error
    label = f"{name} ({harmless(words[0])[:80]})" if words else name
    if words and os.path.dirname(words[0]):
        words[0] = str(base / words[0])
    kept = {variable: value for variable, value in environment.items() if variable not in hidden}
    code, out, err = _run(label, words, kept)
    if code != 0:
        last = harmless(err.decode(errors="replace").strip().rpartition("\n")[2])[:_SHOWN_REASON_CHARS]
        raise CredentialsError(f"{label} exited with {code}" + (f": {last}" if last else ""))
    return check_key(out.decode(errors="replace").partition("\n")[0], label)


def from_keyring(profile: str) -> Secret:
    """Return the keyring's key for the service `facesnap` and the profile's name. Raises CredentialsError."""
    try:
        import keyring
    except ImportError:
        raise CredentialsError(
            "keyring = true needs the keyring package", hint="pip install 'facesnap-cli[keyring]'"
        ) from None
    found = bounded("the keyring", lambda: keyring.get_password("facesnap", profile))
    if not isinstance(found, str) or not found:
        raise CredentialsError(
            f"the keyring has no key for profile {profile}", hint=f"keyring set facesnap {shlex.quote(profile)}"
        )
    return check_key(found, "the keyring")


def bounded(what: str, ask: Callable[[], Any], *, hint: str = "") -> Any:
    """Return `ask()`. Raises CredentialsError if it fails or takes longer than SOURCE_TIMEOUT_S."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(ask())
        except Exception as error:  # noqa: BLE001 (a plug-in may raise anything)
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SOURCE_TIMEOUT_S)
    if not outcome:
        raise CredentialsError(f"{what} did not answer within {SOURCE_TIMEOUT_S:.0f} s", hint=hint)
    if isinstance(outcome[0], Exception):
        first_line = harmless(str(outcome[0]).strip().partition("\n")[0])
        reason = shorten(first_line, _SHOWN_REASON_CHARS, placeholder=" …") or type(outcome[0]).__name__
        raise CredentialsError(f"{what} failed: {reason}", hint=hint)
    return outcome[0]


def _expanded(path: str, environment: Mapping[str, str]) -> str:
    from string import Template

    try:
        return Template(path).substitute(environment)
    except KeyError as error:
        hint = "systemd sets it for a service with LoadCredential=" if "CREDENTIALS_DIRECTORY" in error.args else ""
        raise CredentialsError(
            f"key_file {harmless(path)}: the variable {error.args[0]} is not set", hint=hint
        ) from None
    except ValueError:
        return path


def _run(label: str, words: list[str], environment: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    import subprocess

    try:
        process = subprocess.Popen(  # noqa: S603 (the user's own command, without a shell)
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
            bufsize=0,
        )
    except (OSError, ValueError, IndexError) as error:
        raise CredentialsError(f"{label} cannot be run: {reason_of(error)}") from None
    assert process.stdout
    assert process.stderr
    out, err = _Reader(process.stdout, process), _Reader(process.stderr, process)
    try:
        code = process.wait(SOURCE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise CredentialsError(f"{label} did not end within {SOURCE_TIMEOUT_S:.0f} s") from None
    finally:
        if process.poll() is None:
            _end(process)
    # A child that still runs may keep the pipes open. The command's own output has arrived by now.
    out.join(_PIPE_GRACE_S)
    err.join(_PIPE_GRACE_S)
    if out.overflowed or err.overflowed:
        raise CredentialsError(f"{label} printed more than {MAX_KEY_BYTES} bytes, which cannot be a key")
    return code, bytes(out.content), bytes(err.content)


class _Reader(threading.Thread):
    """Reads a pipe to its end, or kills the process if it writes too much."""

    def __init__(self, pipe: IO[bytes], process: subprocess.Popen[bytes]):
        super().__init__(daemon=True)
        self._pipe = pipe
        self._process = process
        self.content = bytearray()
        self.overflowed = False
        self.start()

    def run(self) -> None:
        with self._pipe:
            while chunk := self._pipe.read(MAX_KEY_BYTES):
                self.content += chunk
                if len(self.content) > MAX_KEY_BYTES:
                    self.overflowed = True
                    _end(self._process)
                    return


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those of its children that are still in its group."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
