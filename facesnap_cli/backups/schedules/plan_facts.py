"""Gather what schedulers need to know about a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from facesnap_cli import __version__
from facesnap_cli.backups.plans.plan import Plan, PlanItem
from facesnap_cli.backups.schedules.frequency import Frequency
from facesnap_cli.common.escape import harmless
from facesnap_cli.config.definitions import SECRET_SETTINGS, SETTINGS
from facesnap_cli.config.settings import Settings, Source

PACKAGE = f"facesnap-cli=={__version__}"
_ACCOUNT_SETTINGS = ("endpoint", "api_version", "subscription_id", "apply_scope")
_SECRETS = tuple(SETTINGS[name].env for name in SECRET_SETTINGS if SETTINGS[name].env)


@dataclass(frozen=True, slots=True)
class Invocation:
    """The way in which facesnap was started here, so that a scheduler starts it alike.

    `program` are the words that start it. `profile` is None if the configuration file chooses it, and `config` is None
    without a file. `variables` are the environment variables that describe the account, `secrets` the names of those
    that hold its key.
    """

    program: tuple[str, ...]
    profile: str | None
    config: Path | None
    state_directory: Path
    variables: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words that start facesnap on this machine with this profile and configuration, without a command."""
        profile = ["--profile", self.profile] if self.profile else []
        return [*self.program, *profile, *(["--config", str(self.config)] if self.config else [])]

    @property
    def local_variables(self) -> list[tuple[str, str]]:
        """The environment variables that a scheduler on this machine needs."""
        return [*self.variables, ("FACESNAP_STATE_DIR", str(self.state_directory))]

    def remote_variables(self, config: str) -> list[tuple[str, str]]:
        """Return the environment variables that a scheduler elsewhere needs, which has the file as `config` there."""
        return [
            *([("FACESNAP_CONFIG", config)] if self.config else []),
            *([("FACESNAP_PROFILE", self.profile)] if self.profile else []),
            *self.variables,
        ]


def invocation(
    program: Sequence[str],
    profile: str | None,
    settings: Settings,
    state_directory: Path,
    environment: Mapping[str, str],
) -> Invocation:
    """Return how facesnap was started: `profile` is the one that an option or a variable chose, None otherwise."""
    names = [SETTINGS[name].env for name in _ACCOUNT_SETTINGS if settings.source_of(name) is Source.ENVIRONMENT]
    return Invocation(
        tuple(program),
        profile,
        settings.file.path.absolute() if settings.file.exists else None,
        state_directory.absolute(),
        tuple((name, environment[name]) for name in names),
        tuple(name for name in _SECRETS if environment.get(name, "").strip()),
    )


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan, how often it runs, and what it needs on the machine that runs it.

    `key_variables` are the environment variables that hold keys.
    `archives` are the paths that exports write, with a * for each part that changes; `images` are the paths that they
    read; `other_paths` are the rest. `unreachable_keys` say where keys are that no pipeline has. `zone` is this
    machine's time zone, None for the system's. `now` is in UTC.
    """

    plan: Path
    invocation: Invocation
    frequency: Frequency
    key_variables: tuple[str, ...]
    now: datetime
    zone: tzinfo | None = None
    archives: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    other_paths: tuple[str, ...] = ()
    unreachable_keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name of a-z, 0-9 and -, which every scheduler accepts: `facesnap-nightly`."""
        own = "".join(char if char.isascii() and char.isalnum() else "-" for char in self.plan.stem.lower())
        return f"facesnap-{'-'.join(filter(None, own.split('-'))) or 'plan'}"[:50]

    @property
    def command(self) -> list[str]:
        """The words of the command that runs the plan on this machine."""
        return [*self.invocation.words, "run", str(self.plan.resolve()), "--quiet"]

    @property
    def config_text(self) -> str:
        """The configuration file that a pipeline reads, after `and`; empty without one."""
        config = self.invocation.config
        return f" and facesnap.toml (a copy of {harmless(str(config))}; profiles with key_env)" if config else ""

    @property
    def images_text(self) -> str:
        """The paths of `images`, each after a comma."""
        return "".join(f", {path}" for path in self.images)

    @property
    def relative_paths(self) -> list[str]:
        """The paths that start from the plan's directory."""
        return [path for path in (*self.archives, *self.images, *self.other_paths) if not path.startswith("/")]

    @property
    def absolute_paths(self) -> list[str]:
        """The paths of archives and images that start from the root."""
        return [path for path in (*self.archives, *self.images) if path.startswith("/")]


def facts_of(
    plan: Plan,
    frequency: Frequency,
    started: Invocation,
    settings: Settings,
    environment: Mapping[str, str],
    now: datetime,
) -> PlanFacts:
    """Return what a scheduler needs to know of a plan, with the keys of the profiles that are configured here."""
    targets = [target for item in plan.items for target in item.targets]
    names = {name or settings.profile for item in plan.items for name in (item.source, *_profiles(item))}
    profiles = {name: profile for name, profile in sorted(settings.file.profiles.items()) if name in names}
    variables = [profile[key] for profile in profiles.values() for key in ("key_env", "key2_env") if key in profile]
    metrics = plan.metrics.path if plan.metrics and plan.metrics.path.is_relative_to(plan.path.parent) else None
    return PlanFacts(
        plan.path,
        started,
        frequency,
        tuple(dict.fromkeys((*variables, *started.secrets))),
        now,
        _time_zone(environment),
        archives=tuple(each.template.glob for each in targets if each.profile == "file" and each.template),
        images=tuple(dict.fromkeys(item.images for item in plan.items if item.images)),
        other_paths=(str(metrics.relative_to(plan.path.parent)),) if metrics else (),
        unreachable_keys=_unreachable_keys(profiles),
    )


def _profiles(item: PlanItem) -> list[str]:
    return [target.profile for target in item.targets]


def _time_zone(environment: Mapping[str, str]) -> tzinfo | None:
    """Return the time zone that the environment names; None for the system's."""
    try:
        return ZoneInfo(environment["TZ"].removeprefix(":"))
    except (KeyError, ValueError, OSError):
        return None


def _unreachable_keys(profiles: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return where profiles have their keys if no pipeline would have them, a text for each place."""
    places: dict[str, list[str]] = {}
    for name, profile in profiles.items():
        where = next((key for key in ("key", "key_file", "key_command", "keyring") if key in profile), None)
        if where and "key_env" not in profile:
            places.setdefault(where, []).append(name)
    return tuple(_unreachable(where, names) for where, names in places.items())


def _unreachable(where: str, names: Sequence[str]) -> str:
    place = "in the file" if where == "key" else f"from {where}, which only this machine has"
    if len(names) == 1:
        return f"profile {names[0]} has its key {place}"
    return f"profiles {', '.join(names)} have their keys {place}"
