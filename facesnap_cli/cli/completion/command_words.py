"""The command table that TAB reads: made from the program by `make completions`, so that no TAB has to load Typer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

PATH = Path(__file__).with_name("table.json")


class Option(NamedTuple):
    """An option: all its names, what its value is called (empty for a flag), and whether it can be given again."""

    names: list[str]
    metavar: str
    repeatable: bool
    help: str


class Command(NamedTuple):
    """A command, or a group of them; `arguments` are metavars, `[OPERATION]...` for any number."""

    name: str
    help: str
    options: list[Option]
    arguments: list[str]
    commands: list[Command]


def read() -> Command:
    """Return the program's command tree."""
    return _command(json.loads(PATH.read_bytes()))


def described(name: str, command: Any, help: str = "") -> Command:
    """Return the tree of a Typer command."""
    subs = command.list_commands(None) if hasattr(command, "list_commands") else ()
    return Command(
        name,
        help,
        [_option(param) for param in command.params if param.param_type_name == "option" and not param.hidden],
        [param.metavar or "" for param in command.params if param.param_type_name == "argument"],
        [described(sub, command.get_command(None, sub), command.short_help_of(sub)) for sub in subs],
    )


def _option(param: Any) -> Option:
    return Option(list(param.opts), "" if param.is_flag else param.metavar or "TEXT", param.multiple, param.help or "")


def _command(row: list[Any]) -> Command:
    name, meaning, options, arguments, subs = row
    return Command(name, meaning, [Option(*option) for option in options], arguments, [_command(sub) for sub in subs])
