"""Choose a profile's credential: a key, a second key during a rotation, or a token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from copy import copy

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConfigurationError, CredentialsError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.secret import Secret
from facesnap_cli.config.definitions import BUILT_IN_PROFILES, SETTINGS
from facesnap_cli.config.settings import Settings, Source
from facesnap_cli.face_api.key_sources import check_key, from_command, from_file, from_keyring, from_variable
from facesnap_cli.models.endpoints import is_local
from facesnap_cli.network.authentication import KEY_HEADER, Credential, CredentialDescription

SOURCES = ("key", "key_env", "key_file", "key_command", "keyring")
SECOND_SOURCES = ("key2", "key2_env", "key2_file", "key2_command")


class KeyCredential:
    """A key that is read once, on first use, and a second key for when the service refuses the first.

    A key that cannot be read is not asked for again: its command may take long, or ask a person. The change to the
    second key is reported in a note that begins with `owner`. `mendings` say how to replace each of the keys.
    """

    def __init__(
        self,
        sources: list[Callable[[], Secret]],
        reporter: Reporter = SILENT,
        owner: str = "",
        mendings: Sequence[Hint] = (),
    ):
        self._sources = list(sources)
        self._reporter = reporter
        self._owner = owner
        self._prefix = f"{owner}: " if owner else ""
        self._mendings = mendings
        self._lock = threading.Lock()
        self._current: Secret | None = None
        self._failure: CredentialsError | None = None
        self._refused: list[Secret] = []

    def header(self) -> tuple[str, Secret]:
        with self._lock:
            return KEY_HEADER, self._first()

    def refused(self, value: Secret) -> bool:
        with self._lock:
            if value is not self._current:
                return True  # another thread has already changed to the second key
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
        self._reporter.note(f"{self._prefix}the first key was refused (401); going on with the second")
        return True

    @property
    def description(self) -> CredentialDescription:
        number = max(1, len(self._refused))
        which = "the key" if number == 1 else "both keys"
        name = f"{which} of {self._owner}" if self._owner else which
        return CredentialDescription(self._owner, name, Hint.joined(self._mendings[:number]))

    def each(self) -> list[Credential]:
        with self._lock:
            keys = [self._first(), *(source() for source in self._sources[1:])]
        return [self._alone(number, key) for number, key in enumerate(keys)]

    def _alone(self, number: int, key: Secret) -> KeyCredential:
        return KeyCredential([lambda: key], owner=self._owner, mendings=self._mendings[number : number + 1])

    def _first(self) -> Secret:
        """Return the key in use. Raises the error of the first attempt to read it."""
        if self._failure:
            raise copy(self._failure)
        if self._current is None:
            try:
                self._current = self._sources[0]()
            except CredentialsError as failure:
                failure.message = f"{self._prefix}{failure.message}"
                self._failure = copy(failure)
                raise
        return self._current


def credential_for(settings: Settings, clock: Clock, reporter: Reporter = SILENT) -> Credential:
    """Return the credential of the settings' profile, without reading a key yet.

    Raises CredentialsError if there is no key source, ConfigurationError if there are several.
    """
    _keep_key_with_its_endpoint(settings)
    owner = f"profile {settings.profile}" if settings.profile else ""
    if settings.auth == "entra" and not _from_env(settings):
        from facesnap_cli.face_api.entra import EntraCredential

        assert settings.endpoint
        return EntraCredential(settings.endpoint, clock, owner)
    present = key_sources_of(settings)
    if len(present) > 1:
        raise ConfigurationError(
            f"{settings.file.place(settings.profile)}: profile {settings.profile} has {len(present)} key sources: "
            + ", ".join(present),
            hint="keep one; the resource's second key goes into key2_env, key2_file or key2_command",
        )
    if not present:
        settings.require_profile()
        if settings.profile:
            to_set = command("config", "set", "key", "--profile", settings.profile)
            raise CredentialsError(
                f"{owner} gives no key", hint=Hint(f"give it a key of {settings.endpoint}: ", to_set)
            )
        raise CredentialsError(
            "no profile is chosen, and the environment gives no key",
            hint=Hint("set FACESNAP_ENDPOINT and FACESNAP_KEY, or run: ", command("config", "init")),
        )
    second = [] if _from_env(settings) else [name for name in SECOND_SOURCES if settings.value_of(name)]
    if len(second) > 1:
        raise ConfigurationError(
            f"{settings.file.place(settings.profile)}: profile {settings.profile} has {len(second)} second keys: "
            + ", ".join(second)
        )
    names = [*present, *second]
    readers, mendings = [_reader(settings, name) for name in names], [_mending(settings, name) for name in names]
    return KeyCredential(readers, reporter, owner, mendings)


def key_sources_of(settings: Settings) -> list[str]:
    """Return the settings that give the first key; more than one is an error. The environment's key wins."""
    present = [name for name in SOURCES if settings.value_of(name)]
    if _from_env(settings):
        return ["key"]
    if len(present) > 1 and settings.source_of("key") is Source.BUILT_IN:
        present.remove("key")
    return present


def _from_env(settings: Settings) -> bool:
    return settings.source_of("key") is Source.ENVIRONMENT


def _keep_key_with_its_endpoint(settings: Settings) -> None:
    """Refuse to send a profile's key to an endpoint that only the environment names."""
    if settings.source_of("endpoint") is not Source.ENVIRONMENT or _from_env(settings):
        return
    own = Settings(settings.file, settings.profile, {}, {}).endpoint
    endpoint = settings.endpoint
    is_published = settings.profile in BUILT_IN_PROFILES and settings.source_of("key") is Source.BUILT_IN
    if is_published and endpoint and is_local(endpoint):
        return
    has_key = settings.auth == "entra" or key_sources_of(settings)
    if has_key and own != endpoint:
        raise CredentialsError(
            f"the endpoint is FACESNAP_ENDPOINT's, {endpoint}, but the key is profile {settings.profile}'s",
            hint="a key goes to its own endpoint alone: set FACESNAP_KEY too, or unset FACESNAP_ENDPOINT",
        )


def _reader(settings: Settings, name: str) -> Callable[[], Secret]:
    value, environment = settings.value_of(name), settings.environment
    if name in ("key", "key2"):
        return lambda: check_key(value.reveal(), settings.describe_source(name))
    if name.endswith("_env"):
        return lambda: from_variable(name, value, settings.profile, environment)
    base = settings.file.path.absolute().parent
    if name.endswith("_file"):
        return lambda: from_file(value, base, environment)
    if name.endswith("_command"):
        return lambda: from_command(name, value, base, environment, _key_variables(settings))
    return lambda: from_keyring(settings.profile or "default")


def _mending(settings: Settings, name: str) -> Hint:
    """Return what to do if the service refuses the key that a setting gives."""
    key = f"{'KEY 2' if name in SECOND_SOURCES else 'KEY 1 or KEY 2'} of {settings.endpoint}"
    value, source = settings.value_of(name), settings.source_of(name)
    if source is Source.ENVIRONMENT:
        return Hint(f"set {SETTINGS[name].env} to {key}")
    if source is Source.BUILT_IN:
        return Hint(f"another server than the emulator of this profile listens at {settings.endpoint}")
    if name in ("key", "key2"):
        return Hint(f"replace it with {key}: ", command("config", "set", name, "--profile", settings.profile))
    if name.endswith("_env"):
        return Hint(f"set the variable {harmless(value)}, which {name} names, to {key}")
    if name.endswith("_file"):
        return Hint(f"put {key} into {harmless(value)}, which {name} names")
    if name.endswith("_command"):
        return Hint(f"let {name} print {key}")
    import shlex

    return Hint(f"store {key} with: keyring set facesnap {shlex.quote(settings.profile or 'default')}")


def _key_variables(settings: Settings) -> set[str]:
    """Return the variables that hold keys of any profile; a key command needs none of them."""
    profiles = settings.file.profiles.values()
    named = {entry[name] for entry in profiles for name in ("key_env", "key2_env") if isinstance(entry.get(name), str)}
    return {"FACESNAP_KEY", *named}
