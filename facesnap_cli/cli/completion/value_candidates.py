"""The values that TAB offers: fixed ones, and what this machine knows. Nothing is sent, created or changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from facesnap_cli.cli.completion.candidates import Line, Values, Word
from facesnap_cli.common.errors import FacesnapError


def values(environment: Mapping[str, str]) -> Values:
    """Return what each metavar stands for: a function from the line as it was typed so far to its words."""

    def quietly(find: Callable[[Line, Mapping[str, str]], Iterable[Word]]) -> Callable[[Line], list[Word]]:
        def words(line: Line) -> list[Word]:
            with contextlib.suppress(FacesnapError, OSError):
                return list(find(line, environment))
            return []

        return words

    return {
        "TYPE": lambda line: _types(),
        "FORMAT": lambda line: _formats(),
        "SETTING": lambda line: _settings(),
        "VALUE": _setting_values,
        "PROFILE": quietly(_profiles),
        "OPERATION": quietly(_operations),
        "SNAPSHOT": quietly(_snapshots),
        "SHELL": lambda line: [Word(shell) for shell in _shells()],
    }


def _types() -> list[Word]:
    from facesnap_cli.models.objects import ObjectType

    return [Word(member.value) for member in ObjectType]


def _formats() -> list[Word]:
    from facesnap_cli.config.definitions import OUTPUT_FORMATS

    return [Word(each) for each in OUTPUT_FORMATS]


def _settings() -> list[Word]:
    from facesnap_cli.config.definitions import SETTINGS

    return [Word(name, known.help) for name, known in SETTINGS.items()]


def _setting_values(line: Line) -> list[Word]:
    from facesnap_cli.config.definitions import API_VERSIONS

    name = line.arguments[0] if line.arguments else ""
    if name == "api_version":
        return [Word(version) for version in API_VERSIONS]
    return {"type": _types, "output": _formats}.get(name, list)()


def _shells() -> tuple[str, ...]:
    from facesnap_cli.cli.completion.scripts import SCRIPTS

    return tuple(SCRIPTS)


def _profiles(line: Line, environment: Mapping[str, str]) -> list[Word]:
    from facesnap_cli.config.file import ConfigFile
    from facesnap_cli.config.locations import config_path
    from facesnap_cli.config.settings import Settings
    from facesnap_cli.models.validation import PROFILE_NAME

    names = Settings(ConfigFile.read(config_path(line.given.get("--config"), environment)), None, {}, {}).profile_names
    return [Word(name) for name in names if PROFILE_NAME.fullmatch(name)]  # a shell would have to quote others


def _operations(line: Line, environment: Mapping[str, str]) -> Iterator[Word]:
    from facesnap_cli.config.locations import state_directory
    from facesnap_cli.journal import read_only

    ended_too = line.command is not None and line.command.name == "status"
    return (Word(*row) for row in read_only.operations(state_directory(environment), ended_too=ended_too))


def _snapshots(line: Line, environment: Mapping[str, str]) -> list[Word]:
    """Return the snapshots of the account that this machine has seen lately, newest first, and `latest`."""
    from facesnap_cli.common.time_format import format_time
    from facesnap_cli.config.locations import state_directory
    from facesnap_cli.config.resources import resource_of
    from facesnap_cli.config.settings import load
    from facesnap_cli.journal import read_only
    from facesnap_cli.journal.recent_snapshots import RecentSnapshots
    from facesnap_cli.models.snapshots import SNAPSHOT_LIFETIME

    settings = load(
        profile=line.given.get("--profile"), config=line.given.get("--config"), options={}, environment=environment
    )
    account, now = resource_of(settings), datetime.now(UTC)
    seen = RecentSnapshots(state_directory(environment), account).read(now)
    words = {one.id: Word(one.id, f"{one.type} {one.object_id or ''}".strip()) for one in seen.snapshots}
    unlisted_since = format_time(seen.listed_time or now - SNAPSHOT_LIFETIME)
    taken = read_only.snapshots_taken(
        state_directory(environment), since=unlisted_since, profile=settings.profile, resource=account
    )
    for row in taken:
        words.setdefault(row[0], Word(*row))
    return [Word("latest", "the newest snapshot"), *words.values()]
