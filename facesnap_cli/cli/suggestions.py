"""Complete the commands that messages suggest, so that they can be pasted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facesnap_cli.common.hints import Command, CompleteCommand

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
