"""Suggest commands that can be pasted: completed with this run's options, what comes next, what a reference is for."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.common.errors import FacesnapError, Unknown
from facesnap_cli.common.hints import NO_COMMAND, Command, CompleteCommand, Hint, command

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.config.settings import Settings

_NOTHING: tuple[str, ...] = ()
_FILE = ("--config",)
_PROFILE = ("--profile", "--config")
_ALL = ("--profile", "--config", "--ca-bundle")
# The options that each command needs to find what this run found; those without an entry need all of them.
_NEEDED: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("emulator",): _NOTHING,
    ("completion",): _NOTHING,
    ("inspect",): _NOTHING,
    ("schedule",): _PROFILE,
    ("config", "init"): _PROFILE,
    ("config", "show"): _PROFILE,
    ("config", "set"): _PROFILE,
    ("config", "unset"): _PROFILE,
    ("config",): _FILE,  # list, use, path and delete, which concern every profile or name one
}


def completed(words: Command, given: Mapping[str, str]) -> Sequence[str]:
    """Return the words of a suggested command with those options `given` to this run that the command needs.

    An option that the words have already, such as another account's profile, is left alone.
    """
    if isinstance(words, CompleteCommand):
        return words
    needed = next((_NEEDED[key] for key in (words[1:3], words[1:2]) if key in _NEEDED), _ALL)
    missing = [(name, given[name]) for name in needed if name in given and name not in words]
    return [*words, *(word for option in missing for word in option)]


def explanation(unknown: Unknown, settings: Settings, state_directory: Path) -> Hint:
    """Return what a reference is that names nothing of its kind, with the commands that take it; empty if unknown."""
    from facesnap_cli.journal.known_ids import it_is, known_as

    text = unknown.reference
    if text in settings.profile_names:
        return it_is("a profile's name", unknown.kind, command("list", "--profile", text))
    with suppress(FacesnapError):
        for name in settings.profile_names:
            if text.lower() == settings.for_profile(name).subscription_id:
                return it_is(f"the subscription id of {name}", unknown.kind, command("list", "--profile", name))
    if (known := known_as(state_directory, unknown)) or not os.path.isfile(text):
        return known
    if text.endswith(".toml"):
        return it_is("a plan", unknown.kind, command("run", text))
    return it_is("a file", unknown.kind, command("inspect", text))


def applying(app: App, snapshot: str, apply_scope: Collection[str]) -> Command:
    """Return the command that applies a snapshot in an account of its scope; empty if no profile leads to one."""
    target = app.accounts.other_profile(apply_scope)
    return command("apply", snapshot, "--profile", target) if target else NO_COMMAND
