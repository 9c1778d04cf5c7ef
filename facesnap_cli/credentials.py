"""Where a key comes from: one source for a profile, and a second key for the time of a rotation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from facesnap_cli.errors import ConfigurationError, CredentialsError
from facesnap_cli.files import exposed_to_others
from facesnap_cli.settings import BUILT_IN_PROFILES, LOOPBACK_HOSTS, Settings
from facesnap_cli.text import harmless

SOURCE_TIMEOUT_S = 30.0
KEY_HEADER = "Ocp-Apim-Subscription-Key"
ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"
_SOURCES = ("key", "key_env", "key_file", "key_command", "keyring")
_SECOND_SOURCES = ("key2", "key2_env", "key2_file", "key2_command")
_MAX_KEY_CHARS = 8192


class Secret:
    """A text that does not show itself. `reveal` is for the line that sends it."""

    __slots__ = ("_text",)

    def __init__(self, text: str):
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialized")


class Credential(Protocol):
    """What authenticates the requests of one profile. Safe for several threads."""

    def header(self) -> tuple[str, Secret]:
        """Return the header's name and value. Raises CredentialsError where the source fails."""
        ...

    def refused(self, value: Secret) -> bool:
        """Hear that the service answered 401 to `value`; tell whether another one can be tried now."""
        ...


class KeyCredential:
    """One key, read when it is first needed, and a second one used once the first was refused."""

    def __init__(self, sources: list[Callable[[], Secret]]):
        self._sources = sources
        self._lock = threading.Lock()
        self._current: Secret | None = None

    def header(self) -> tuple[str, Secret]:
        with self._lock:
            if self._current is None:
                self._current = self._sources[0]()
            return KEY_HEADER, self._current

    def refused(self, value: Secret) -> bool:
        with self._lock:
            if value is not self._current:
                return True  # another thread has changed to the second key already
            if len(self._sources) < 2:
                return False
            del self._sources[0]
            self._current = self._sources[0]()
            return True


class EntraCredential:
    """A token of Microsoft Entra ID, from azure-identity's DefaultAzureCredential, kept until it nearly expires."""

    def __init__(self) -> None:
        try:
            from azure.identity import DefaultAzureCredential
        except ImportError:
            raise CredentialsError(
                'auth = "entra" needs azure-identity', hint="pip install 'facesnap-cli[entra]'"
            ) from None
        self._identity: Any = DefaultAzureCredential()
        self._lock = threading.Lock()

    def header(self) -> tuple[str, Secret]:
        with self._lock:
            token = _bounded("Entra ID", lambda: self._identity.get_token(ENTRA_SCOPE).token)
        return "Authorization", Secret(f"Bearer {token}")

    def refused(self, value: Secret) -> bool:
        return False


def credential_for(settings: Settings) -> Credential:
    """Return the credential of the settings' profile. Nothing is read yet.

    Raises CredentialsError where there is none, ConfigurationError where there are several.
    """
    _keep_key_with_its_endpoint(settings)
    if settings["auth"] == "entra" and settings.lookup("key").source != "environment FACESNAP_KEY":
        return EntraCredential()
    present = [name for name in _SOURCES if settings[name]]
    if settings.lookup("key").source.startswith("environment"):
        present = ["key"]
    elif len(present) > 1 and settings.lookup("key").source.startswith("built-in"):
        present.remove("key")
    if len(present) > 1:
        raise ConfigurationError(
            f"{settings.file.place(settings.profile)}: profile {settings.profile} has {len(present)} key sources: "
            + ", ".join(present),
            hint="keep one; the resource's second key goes into key2_env, key2_file or key2_command",
        )
    if not present:
        who = f"profile {settings.profile}" if settings.profile else "no profile is chosen, and the environment"
        raise CredentialsError(
            f"{who} gives no key",
            hint="set FACESNAP_ENDPOINT and FACESNAP_KEY, or run: facesnap config init",
        )
    second = (
        [name for name in _SECOND_SOURCES if settings[name]] if present != ["key"] or not _from_env(settings) else []
    )
    return KeyCredential([_reader(settings, name) for name in [*present, *second]])


def check_key(text: str, source: str) -> Secret:
    """Return the key in `text`, which may end in a line break. Raises CredentialsError without repeating it."""
    key = text.strip()
    if not key:
        raise CredentialsError(f"{source} gives an empty key")
    if len(key) > _MAX_KEY_CHARS or not key.isascii() or not key.isprintable() or " " in key:
        raise CredentialsError(
            f"{source} gives something that cannot be a key", hint="it must be one line of letters and digits"
        )
    return Secret(key)


def _from_env(settings: Settings) -> bool:
    return settings.lookup("key").source.startswith("environment")


def _keep_key_with_its_endpoint(settings: Settings) -> None:
    """Refuse to send a profile's key to an endpoint that only the environment names."""
    if settings.lookup("endpoint").source != "environment FACESNAP_ENDPOINT" or _from_env(settings):
        return
    own = settings.file.profiles.get(settings.profile or "", {}).get("endpoint")
    built_in = settings.profile in BUILT_IN_PROFILES and settings.lookup("key").source.startswith("built-in")
    if own is None and not built_in:
        return
    endpoint = settings["endpoint"]
    if own != endpoint and not (built_in and urlsplit(endpoint).hostname in LOOPBACK_HOSTS):
        raise CredentialsError(
            f"the endpoint is FACESNAP_ENDPOINT's, {endpoint}, but the key is profile {settings.profile}'s",
            hint="a key goes to its own endpoint alone: set FACESNAP_KEY too, or unset FACESNAP_ENDPOINT",
        )


def _reader(settings: Settings, name: str) -> Callable[[], Secret]:
    value = settings[name]
    if name in ("key", "key2"):
        return lambda: check_key(value, settings.lookup(name).source)
    if name.endswith("_env"):
        return lambda: _from_variable(value, settings)
    if name.endswith("_file"):
        base = settings.file.path.parent
        return lambda: _from_file((base / Path(value).expanduser()), settings)
    if name.endswith("_command"):
        return lambda: _from_command(value)
    return lambda: _from_keyring(settings.profile or "default")


def _from_variable(variable: str, settings: Settings) -> Secret:
    if not settings.environment.get(variable):
        raise CredentialsError(
            f"the variable {variable}, which key_env of profile {settings.profile} names, is not set"
        )
    return check_key(settings.environment[variable], f"the variable {variable}")


def _from_file(path: Path, settings: Settings) -> Secret:
    path = Path(os.path.expandvars(path))
    try:
        if exposed_to_others(path):
            raise CredentialsError(f"{path} holds a key and others may read it", hint=f"chmod 600 {path}")
        with path.open(encoding="utf-8", errors="replace") as file:
            return check_key(file.read(_MAX_KEY_CHARS + 2), str(path))
    except OSError as error:
        raise CredentialsError(f"the key file {path} cannot be read: {error.strerror}") from error


def _from_command(command: str | list[str]) -> Secret:
    import shlex
    import subprocess

    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError as error:
        raise ConfigurationError(f"key_command cannot be read: {error}") from error
    name = harmless(words[0]) if words else "nothing"
    environment = {key: value for key, value in os.environ.items() if key != "FACESNAP_KEY"}
    try:
        done = subprocess.run(  # noqa: S603 (the user's own command, without a shell)
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SOURCE_TIMEOUT_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise CredentialsError(f"key_command ({name}) did not answer within {SOURCE_TIMEOUT_S:.0f} s") from None
    except (OSError, ValueError, IndexError) as error:
        raise CredentialsError(f"key_command ({name}) cannot be run: {error}") from None
    if done.returncode != 0:
        last = harmless(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])[:200]
        raise CredentialsError(f"key_command ({name}) exited with {done.returncode}" + (f": {last}" if last else ""))
    return check_key(done.stdout.decode(errors="replace").partition("\n")[0], f"key_command ({name})")


def _from_keyring(profile: str) -> Secret:
    try:
        import keyring
    except ImportError:
        raise CredentialsError(
            "keyring = true needs the keyring package", hint="pip install 'facesnap-cli[keyring]'"
        ) from None
    found = _bounded("the keyring", lambda: keyring.get_password("facesnap", profile))
    if not found:
        raise CredentialsError(f"the keyring has no key for profile {profile}", hint=f"keyring set facesnap {profile}")
    return check_key(found, "the keyring")


def _bounded(what: str, ask: Callable[[], Any]) -> Any:
    """Return `ask()`. Raises CredentialsError where it fails or takes longer than SOURCE_TIMEOUT_S."""
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
        raise CredentialsError(f"{what} did not answer within {SOURCE_TIMEOUT_S:.0f} s")
    if isinstance(outcome[0], Exception):
        first_line = harmless(str(outcome[0]).strip().partition("\n")[0])[:300]
        raise CredentialsError(f"{what} failed: {first_line or type(outcome[0]).__name__}")
    return outcome[0]
