"""Write what completion is made of, from the program itself: `make completions`."""

from __future__ import annotations

import json
from pathlib import Path

from facesnap_cli.cli.command_table import TABLE, Facesnap
from facesnap_cli.cli.completion import command_words
from facesnap_cli.cli.completion.scripts import SCRIPTS
from facesnap_cli.cli.topics import TOPICS

DIRECTORY = Path(__file__).parent.parent / "completions"
FILE_NAMES = {"bash": "facesnap.bash", "zsh": "_facesnap", "fish": "facesnap.fish", "powershell": "facesnap.ps1"}


def table_text() -> str:
    """Return the command table as the package holds it."""
    root = command_words.described("facesnap", Facesnap())
    explained = "|".join([*TABLE, *TOPICS])
    help_word = command_words.Command("help", "Explain a command or a topic.", [], [explained], [])
    return _lines(root._replace(commands=[*root.commands, help_word])) + "\n"


def _lines(command: command_words.Command) -> str:
    """Return a command as JSON with an option a line, so that a change of one is one line of a diff."""
    options = ",\n".join(json.dumps(option, ensure_ascii=False) for option in command.options)
    subs = ",\n".join(_lines(sub) for sub in command.commands)
    name, meaning, arguments = (json.dumps(part) for part in (command.name, command.help, command.arguments))
    return f"[{name}, {meaning}, [\n{options}\n], {arguments}, [{subs}]]"


if __name__ == "__main__":
    command_words.PATH.write_text(table_text(), encoding="utf-8")
    DIRECTORY.mkdir(exist_ok=True)
    for shell, name in FILE_NAMES.items():
        (DIRECTORY / name).write_text(SCRIPTS[shell])
