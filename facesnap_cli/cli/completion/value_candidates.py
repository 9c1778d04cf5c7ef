"""The values that TAB offers: fixed ones, and what this machine knows. Nothing is sent, created or changed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from facesnap_cli.cli.completion.candidates import Line, Values, Word
from facesnap_cli.common.errors import FacesnapError

if TYPE_CHECKING:
    from facesnap_cli.config.settings import Settings


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
        "OBJECT_ID": quietly(_objects),
        "PLAN": quietly(_plans),
        "ITEM": quietly(_items),
        "PROFILE:ID": quietly(_copies),
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
    from facesnap_cli.journal import read_only
    from facesnap_cli.journal.recently_seen import RecentSnapshots
    from facesnap_cli.models.snapshots import SNAPSHOT_LIFETIME

    settings = _settings_of(line, environment)
    account, now = resource_of(settings), datetime.now(UTC)
    seen = RecentSnapshots(state_directory(environment), account).read(now)
    words = {each.id: Word(each.id, f"{each.type} {each.object_id or ''}".strip()) for each in seen.snapshots}
    unlisted_since = format_time(seen.listed_time or now - SNAPSHOT_LIFETIME)
    taken = read_only.snapshots_taken(
        state_directory(environment), since=unlisted_since, profile=settings.profile, resource=account
    )
    for row in taken:
        words.setdefault(row[0], Word(*row))
    return [Word("latest", "the newest snapshot"), *words.values()]


def _objects(line: Line, environment: Mapping[str, str]) -> list[Word]:
    """Return the objects of the account that `objects` listed lately, then those of takes, applies and backups."""
    from facesnap_cli.config.locations import state_directory
    from facesnap_cli.config.resources import resource_of
    from facesnap_cli.journal import read_only
    from facesnap_cli.journal.recently_seen import RecentObjects
    from facesnap_cli.models.ids import OBJECT_ID

    settings, given_type = _settings_of(line, environment), line.given.get("--type", "").lower()
    account, state = resource_of(settings), state_directory(environment)
    listed = RecentObjects(state, account).read(datetime.now(UTC))
    known = [*listed, *read_only.objects_of(state, profile=settings.profile, resource=account)]
    names: dict[tuple[str, str], str | None] = {}
    for object_type, object_id, name in known:
        names.setdefault((object_type, object_id), name)
    return [
        Word(object_id, f"{object_type} {name or ''}".strip())
        for (object_type, object_id), name in names.items()
        if given_type in ("", object_type.lower()) and OBJECT_ID.fullmatch(object_id)
    ]


def _settings_of(line: Line, environment: Mapping[str, str]) -> Settings:
    """Return the settings of the profile that the line names; for `copy`, of the source's."""
    from facesnap_cli.config.settings import load

    profile = line.given.get("--from") or line.given.get("--profile")
    return load(profile=profile, config=line.given.get("--config"), options={}, environment=environment)


def _plans(line: Line, environment: Mapping[str, str]) -> list[Word]:
    """Return the plans that ran on this machine and lie in other directories: the shell finds those in this one."""
    from facesnap_cli.config.locations import state_directory
    from facesnap_cli.journal import read_only

    here = os.getcwd()
    found = read_only.plans(state_directory(environment))
    return [Word(path, note) for path, note in found if os.path.dirname(path) != here and os.path.exists(path)]


def _items(line: Line, environment: Mapping[str, str]) -> list[Word]:
    from facesnap_cli.config.locations import state_directory
    from facesnap_cli.journal import read_only

    plan = line.given.get("--plan")
    return [Word(*row) for row in read_only.items(state_directory(environment), plan and os.path.abspath(plan))]


def _copies(line: Line, environment: Mapping[str, str]) -> list[Word]:
    from facesnap_cli.config.locations import state_directory
    from facesnap_cli.journal import read_only

    return [Word(*row) for row in read_only.copies(state_directory(environment))]
