"""What authenticates a profile's requests: a key from one source, a second one during a rotation, or a token."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConfigurationError, CredentialsError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.secret import Secret
from facesnap_cli.config.definitions import BUILT_IN_PROFILES
from facesnap_cli.config.settings import Settings
from facesnap_cli.face_api.key_sources import bounded, check_key, from_command, from_file, from_keyring, from_variable
from facesnap_cli.models.endpoints import is_local

KEY_HEADER = "Ocp-Apim-Subscription-Key"
SOURCES = ("key", "key_env", "key_file", "key_command", "keyring")
SECOND_SOURCES = ("key2", "key2_env", "key2_file", "key2_command")
_CLOUDS = ("com", "us", "cn")
_RENEW_BEFORE_S = 300.0
_RETRY_TOKEN_AFTER_S = 60.0
_ENTRA_HINT = (
    "sign in with az login, run as a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
)
_ATTEMPT = re.compile(r"\w+Credential: ")
_NOT_MADE = ("unavailable", "not installed", "not found", "not be found", "requires the")


class Credential(Protocol):
    """What authenticates the requests of one profile. Safe for several threads."""

    def header(self) -> tuple[str, Secret]:
        """Return the header's name and value. Raises CredentialsError where the source fails."""
        ...

    def refused(self, value: Secret) -> bool:
        """Take note that the service refused `value` (401); tell whether another one can be tried now."""
        ...

    @property
    def keys_refused(self) -> int:
        """How many keys the service has refused, of those that were tried."""
        ...

    def each(self) -> list[Credential]:
        """Return each key by itself, the first one first, so that every one can be tried.

        Raises CredentialsError where one cannot be read.
        """
        ...


class KeyCredential:
    """One key, read when it is first needed, and a second one, used with a note after the first was refused.

    `owner` begins the note."""

    def __init__(self, sources: list[Callable[[], Secret]], reporter: Reporter = SILENT, owner: str = ""):
        self._sources = list(sources)
        self._reporter = reporter
        self._owner = owner
        self._lock = threading.Lock()
        self._current: Secret | None = None
        self._refused: list[Secret] = []

    def header(self) -> tuple[str, Secret]:
        with self._lock:
            if self._current is None:
                self._current = self._sources[0]()
            return KEY_HEADER, self._current

    def refused(self, value: Secret) -> bool:
        with self._lock:
            if value is not self._current:
                return True  # another thread has changed to the second key already
            if value not in self._refused:
                self._refused.append(value)
            if len(self._sources) < 2:
                return False
            try:
                self._current = self._sources[1]()
            except CredentialsError as error:
                raise CredentialsError(
                    f"the first key was refused (401), and there is no second: {error.message}", hint=error.hint
                ) from error
            del self._sources[0]
        self._reporter.note(f"{self._owner}the first key was refused (401); going on with the second")
        return True

    @property
    def keys_refused(self) -> int:
        return len(self._refused)

    def each(self) -> list[Credential]:
        with self._lock:
            keys = [source() for source in self._sources]
            self._current = self._current or keys[0]
        return [_credential_of(key) for key in keys]


def _credential_of(key: Secret) -> KeyCredential:
    return KeyCredential([lambda: key])


class EntraCredential:
    """A token of Microsoft Entra ID, from azure-identity's DefaultAzureCredential, kept until it nearly expires.

    Such a token opens every resource of its owner, so it goes to Azure's own hosts alone. Regional endpoints take none.
    """

    def __init__(self, endpoint: str, clock: Clock):
        self._scope = f"{_audience(endpoint)}/.default"
        try:
            from azure.identity import DefaultAzureCredential
        except ImportError:
            raise CredentialsError(
                'auth = "entra" needs azure-identity', hint="pip install 'facesnap-cli[entra]'"
            ) from None
        logger = logging.getLogger("azure")
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())  # without one, its warnings would go to stderr
        self._identity: Any = bounded("Entra ID", DefaultAzureCredential)
        self._clock = clock
        self._lock = threading.Lock()
        self._current: Secret | None = None
        self._fetched_at = self._renew_at = 0.0

    def header(self) -> tuple[str, Secret]:
        with self._lock:
            if self._current is None or self._clock.monotonic() >= self._renew_at:
                self._fetch()
            assert self._current is not None
            return "Authorization", self._current

    def refused(self, value: Secret) -> bool:
        with self._lock:
            if value is not self._current:
                return True
            if self._clock.monotonic() - self._fetched_at < _RETRY_TOKEN_AFTER_S:
                return False
            self._fetch()  # the old one was revoked, perhaps
            return True

    @property
    def keys_refused(self) -> int:
        return 0

    def each(self) -> list[Credential]:
        self.header()
        return [self]

    def _fetch(self) -> None:
        found = bounded("Entra ID", self._ask, hint=_ENTRA_HINT)
        left_s = float(found.expires_on) - self._clock.now().timestamp()
        self._fetched_at = self._clock.monotonic()
        self._renew_at = self._fetched_at + max(0.0, left_s - _RENEW_BEFORE_S)
        self._current = Secret(f"Bearer {check_key(found.token, 'Entra ID').reveal()}")

    def _ask(self) -> Any:
        try:
            return self._identity.get_token(self._scope)
        except Exception as error:
            raise CredentialsError(_reason_of(str(error)) or type(error).__name__) from error


def credential_for(settings: Settings, clock: Clock, reporter: Reporter = SILENT) -> Credential:
    """Return the credential of the settings' profile. Nothing is read yet.

    Raises CredentialsError where there is none, ConfigurationError where there are several.
    """
    _keep_key_with_its_endpoint(settings)
    if settings["auth"] == "entra" and not _from_env(settings):
        return EntraCredential(settings["endpoint"], clock)
    present = key_sources_of(settings)
    if len(present) > 1:
        raise ConfigurationError(
            f"{settings.file.place(settings.profile)}: profile {settings.profile} has {len(present)} key sources: "
            + ", ".join(present),
            hint="keep one; the resource's second key goes into key2_env, key2_file or key2_command",
        )
    if not present:
        who = f"profile {settings.profile}" if settings.profile else "no profile is chosen, and the environment"
        settings.require_profile()
        raise CredentialsError(
            f"{who} gives no key",
            hint="set FACESNAP_ENDPOINT and FACESNAP_KEY, or run: facesnap config init",
        )
    second = [] if _from_env(settings) else [name for name in SECOND_SOURCES if settings[name]]
    if len(second) > 1:
        raise ConfigurationError(
            f"{settings.file.place(settings.profile)}: profile {settings.profile} has {len(second)} second keys: "
            + ", ".join(second)
        )
    who = f"profile {settings.profile}: " if settings.profile else ""
    readers = [_reader(settings, name) for name in [*present, *second]]
    return KeyCredential(readers, reporter, who)


def key_sources_of(settings: Settings) -> list[str]:
    """Return the names of the settings that give the first key: one, if all is well. The environment's key wins."""
    present = [name for name in SOURCES if settings[name]]
    if _from_env(settings):
        return ["key"]
    if len(present) > 1 and settings.lookup("key").source.startswith("built-in"):
        present.remove("key")
    return present


def _from_env(settings: Settings) -> bool:
    return settings.lookup("key").source.startswith("environment")


def _keep_key_with_its_endpoint(settings: Settings) -> None:
    """Refuse to send a profile's key to an endpoint that only the environment names."""
    if settings.lookup("endpoint").source != "environment FACESNAP_ENDPOINT" or _from_env(settings):
        return
    own = Settings(settings.file, settings.profile, {}, {})["endpoint"]
    endpoint = settings["endpoint"]
    is_published = settings.profile in BUILT_IN_PROFILES and settings.lookup("key").source.startswith("built-in")
    if is_published and is_local(endpoint):
        return
    has_key = settings["auth"] == "entra" or key_sources_of(settings)
    if has_key and own != endpoint:
        raise CredentialsError(
            f"the endpoint is FACESNAP_ENDPOINT's, {endpoint}, but the key is profile {settings.profile}'s",
            hint="a key goes to its own endpoint alone: set FACESNAP_KEY too, or unset FACESNAP_ENDPOINT",
        )


def _reader(settings: Settings, name: str) -> Callable[[], Secret]:
    value, environment = settings[name], settings.environment
    if name in ("key", "key2"):
        return lambda: check_key(value.reveal(), settings.lookup(name).source)
    if name.endswith("_env"):
        return lambda: from_variable(name, value, settings.profile, environment)
    base = settings.file.path.absolute().parent
    if name.endswith("_file"):
        return lambda: from_file(value, base, environment)
    if name.endswith("_command"):
        return lambda: from_command(name, value, base, environment, _key_variables(settings))
    return lambda: from_keyring(settings.profile or "default")


def _key_variables(settings: Settings) -> set[str]:
    """Return the variables that hold keys, of whichever profile: a command needs none of them."""
    profiles = settings.file.profiles.values()
    named = {entry[name] for entry in profiles for name in ("key_env", "key2_env") if isinstance(entry.get(name), str)}
    return {"FACESNAP_KEY", *named}


def _reason_of(text: str) -> str:
    """Return the line of azure-identity's message that tells most: the attempt that was made and failed, if any was."""
    lines = [line.strip() for line in text.strip().splitlines()]
    made = [one for one in lines if _ATTEMPT.match(one) and not any(word in one for word in _NOT_MADE)]
    return next(iter([*made, *lines]), "")


def _audience(endpoint: str) -> str:
    """Return what a token for this endpoint is asked for. Raises CredentialsError where none may go there."""
    host = urlsplit(endpoint).hostname or ""
    for cloud in _CLOUDS:
        if host.endswith(f".cognitiveservices.azure.{cloud}"):
            return f"https://cognitiveservices.azure.{cloud}"
    raise CredentialsError(
        f"Entra ID tokens go to https://NAME.cognitiveservices.azure.com alone, not to {harmless(endpoint)}",
        hint="give the resource a custom subdomain and use it as the endpoint, or use a key",
    )
