"""Define every setting: its name, the type of its value, its environment variable and its default. No I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar, overload

from facesnap_cli.config import values
from facesnap_cli.config.values import ValueType, choice_of
from facesnap_cli.network.rate_limit import AUTO

V = TypeVar("V")
OUTPUT_FORMATS = ("table", "json", "jsonl", "tsv", "id", "none")
API_VERSIONS = ("v1.0", "v1.0-preview", "v1.2")


class Setting(Generic[V]):
    """One setting. As an attribute of `Settings` it is the setting's value, of type V."""

    __slots__ = ("default", "env", "help", "name", "value_type")

    def __init__(self, value_type: ValueType[Any], help: str, env: str, default: V):
        self.name = ""
        self.value_type = value_type
        self.help = help
        self.env = env
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, settings: None, owner: type) -> Self: ...
    @overload
    def __get__(self, settings: DefinedSettings, owner: type) -> V: ...
    def __get__(self, settings: DefinedSettings | None, owner: type) -> Self | V:
        if settings is None:
            return self
        value: V = settings.value_of(self.name)
        return value

    def show(self, value: Any) -> object:
        """Return a value for people and for JSON; None if the setting has none."""
        return None if value is None and self.default is None else self.value_type.show(value)


@overload
def setting(value_type: ValueType[V], help: str, *, env: str = "") -> Setting[V | None]: ...
@overload
def setting(value_type: ValueType[V], help: str, *, env: str = "", default: V) -> Setting[V]: ...
def setting(value_type: ValueType[Any], help: str, *, env: str = "", default: Any = None) -> Setting[Any]:
    """Return the definition of a setting."""
    return Setting(value_type, help, env, default)


class DefinedSettings(ABC):
    """Every setting as a typed attribute. `Settings` derives from this class and finds the values."""

    endpoint = setting(values.ENDPOINT, "the resource's URL", env="FACESNAP_ENDPOINT")
    api_version = setting(choice_of(*API_VERSIONS), "the path's version", env="FACESNAP_API_VERSION", default="v1.0")
    subscription_id = setting(values.SUBSCRIPTION, "the Azure subscription's id", env="FACESNAP_SUBSCRIPTION_ID")
    apply_scope = setting(
        values.SCOPE, "subscription ids that may apply what is taken", env="FACESNAP_APPLY_SCOPE", default=()
    )
    object_id = setting(values.OBJECT_ID, "the object to take", env="FACESNAP_OBJECT_ID")
    type = setting(values.OBJECT_TYPE, "the object's type")
    output = setting(choice_of(*OUTPUT_FORMATS), "the output's format", env="FACESNAP_OUTPUT", default="table")
    rate_limit = setting(values.RATE_LIMIT, "requests per period: auto (up to 10/s), 10/s, 20/m, none", default=AUTO)
    timeout = setting(values.DURATION, "how long to wait for an operation")
    poll_interval = setting(values.DURATION, "seconds between two polls, instead of the schedule")
    http_timeout = setting(values.HTTP_TIMEOUT, "seconds for one request", default=30.0)
    max_retries = setting(values.RETRIES, "how often a request is sent again", default=4)
    proxy = setting(values.PROXY, "the proxy's URL")
    ca_bundle = setting(values.PATH, "a PEM file of the authorities to trust")
    keep_journal = setting(values.DURATION, "how long finished operations stay in the journal", default=90 * 86400.0)
    key = setting(values.KEY, "the key itself", env="FACESNAP_KEY")
    key_env = setting(values.KEY_VARIABLE, "the variable that holds the key")
    key_file = setting(values.KEY_PATH, "the file that holds the key")
    key_command = setting(values.KEY_COMMAND, "the command that prints the key")
    keyring = setting(values.FLAG, "the key is in the system's keyring")
    auth = setting(choice_of("key", "entra"), "how to authenticate", default="key")
    key2 = setting(values.KEY, "the second key itself")
    key2_env = setting(values.KEY_VARIABLE, "the variable that holds the second key")
    key2_file = setting(values.KEY_PATH, "the file that holds the second key")
    key2_command = setting(values.KEY_COMMAND, "the command that prints the second key")

    @abstractmethod
    def value_of(self, name: str) -> Any:
        """Return the value of a setting by its name. Raises UsageError or ConfigurationError if it is wrong."""


SETTINGS: Mapping[str, Setting[Any]] = {
    name: defined for name, defined in vars(DefinedSettings).items() if isinstance(defined, Setting)
}
SECRET_SETTINGS = ("key", "key2")

BUILT_IN_PROFILES: Mapping[str, Mapping[str, Any]] = {
    "emulator": {
        "endpoint": "http://127.0.0.1:8765",
        "key": "a0000000000000000000000000000001",
        "subscription_id": "aaaaaaaa-0000-4000-8000-000000000001",
        "apply_scope": ["bbbbbbbb-0000-4000-8000-000000000002"],
        "rate_limit": "none",
    },
    "emulator-target": {
        "endpoint": "http://127.0.0.1:8765",
        "key": "b0000000000000000000000000000001",
        "subscription_id": "bbbbbbbb-0000-4000-8000-000000000002",
        "rate_limit": "none",
    },
}
