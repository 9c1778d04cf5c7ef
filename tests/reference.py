"""What the README must say and how: every command with its options, from the program itself. `make docs` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from facesnap_cli.cli.command_table import Facesnap
from facesnap_cli.common.time_format import written_duration
from facesnap_cli.config.definitions import SETTINGS

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- reference:begin -->", "<!-- reference:end -->"


def all_commands() -> Iterator[tuple[str, Any]]:
    """Return every command with its full name, the program itself first, groups before what is in them."""
    root = Facesnap()
    yield "facesnap", root
    for name in root.list_commands(None):
        command = root.get_command(None, name)
        yield f"facesnap {name}", command
        for sub in command.list_commands(None) if hasattr(command, "list_commands") else ():
            yield f"facesnap {name} {sub}", command.get_command(None, sub)


def reference() -> str:
    """Return the reference section: the common options once, then each command with its own."""
    commands = dict(all_commands())
    parts = ["### Options of every command\n", _table(_options(commands["facesnap"].params))]
    for path, command in list(commands.items())[1:]:
        own = getattr(command, "own_params", [])
        arguments = [param for param in own if param.param_type_name == "argument"]
        parts.append(f"### {' '.join([path, *(param.metavar for param in arguments)])}\n")
        parts.append(f"{_paragraphs(command.help)}\n")
        rows = [(f"`{param.metavar}`", param.help or "") for param in arguments] + _options(own)
        if rows:
            parts.append(_table(rows))
        if command.examples:
            parts.append("\n".join(["```console", *(f"$ {line}" for line in command.examples), "```"]) + "\n")
    return "\n".join([*parts, "### Settings\n", _settings()])


def with_reference(text: str) -> str:
    """Return a README's text with the reference section of this program."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the README has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def _settings() -> str:
    rows = []
    for name, known in SETTINGS.items():
        default = "" if _is_empty(known.default) else f" Default: `{_text(known.default)}`."
        rows.append((f"`{name}`", f"`{known.env}`" if known.env else "", f"{known.help}.{default}"))
    return _table(rows, ("in a profile", "in the environment", ""))


def _text(default: object) -> str:
    return written_duration(default) if isinstance(default, float) else str(default)


def _options(params: list[Any]) -> list[tuple[str, str]]:
    rows = []
    for param in params:
        if param.param_type_name == "option" and not param.hidden:
            metavar = "" if param.is_flag else f" {param.metavar}"
            default = "" if _is_empty(param.default) else f" Default: `{param.default}`."
            rows.append((f"`{', '.join(param.opts)}{metavar}`", f"{param.help or ''}{default}"))
    return rows


def _is_empty(default: object) -> bool:
    return default in (None, False, "", (), [])


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _table(rows: Sequence[Sequence[str]], header: Sequence[str] = ("", "")) -> str:
    cells = [header, ["---" for _ in header], *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in cells), ""])


if __name__ == "__main__":
    README.write_text(with_reference(README.read_text()))
    sys.stdout.write(f"{README} has the reference of this program\n")
