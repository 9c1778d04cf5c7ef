"""Write the reference pages of commands and settings from the program itself: `make docs`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from facesnap_cli.backups.plans.plan_keys import ITEM_KEYS, KEEP_KEYS, NOTIFY_KEYS, PLAN_KEYS, PlanKey
from facesnap_cli.cli.command_table import TABLE, Facesnap
from facesnap_cli.cli.topics import OPTIONS, TOPICS, path_of
from facesnap_cli.common.time_format import written_duration
from facesnap_cli.config.definitions import SETTINGS
from tests.topics import text_of_topic

PROJECT = Path(__file__).parent.parent
REFERENCE = PROJECT / "docs" / "reference"
WIDTH = 110
GENERATED = "<!-- made by: make docs -->"
PLAN_FILE = """\
A plan is a TOML file. Paths in it begin at its directory, and `~` is expanded. A [duration](durations.md) is
`90`, `90s`, `15m`, `20h` or `2d`. facesnap checks the whole plan before the first request, and reports every
mistake with its line (exit status 13). It refuses a plan that others may write, because a plan deletes.

The names in `to` may contain `{name}` (the item's name), `{date}` (`2026-11-23`), `{time}` (`021500`) and
`{weekday}` (`mon`), in UTC. `keep` needs `{date}` in every target. Two targets that could ever get backups
of the same name are refused, because they would delete each other's. In `images` only `{name}` is replaced.
"""


def all_commands() -> Iterator[tuple[str, Any]]:
    """Return every command with its full name, the program itself first, groups before what is in them."""
    root = Facesnap()
    yield "facesnap", root
    for name in root.list_commands(None):
        command = root.get_command(None, name)
        yield f"facesnap {name}", command
        for sub in command.list_commands(None) if hasattr(command, "list_commands") else ():
            yield f"facesnap {name} {sub}", command.get_command(None, sub)


def pages() -> Mapping[Path, str]:
    """Return the text of each generated page: the list of commands, a page for each group of them, and the settings."""
    groups = list(dict.fromkeys(entry.group for entry in TABLE.values()))
    found: dict[Path, str] = {
        REFERENCE / "commands.md": _overview(groups),
        REFERENCE / "settings.md": _settings(),
        REFERENCE / "plan.md": _plan(),
    }
    found |= {_page_of(group): _group(group) for group in groups}
    return found | _topics(found)


def _topics(found: Mapping[Path, str]) -> dict[Path, str]:
    """Return the texts of `facesnap help TOPIC`, from generated pages and from those that people write."""
    sources = {topic: REFERENCE / f"{topic}.md" for topic in TOPICS if topic != OPTIONS}
    return {
        path_of(topic): text_of_topic(topic, found.get(page) or page.read_text()) for topic, page in sources.items()
    }


def _page_of(group: str) -> Path:
    return REFERENCE / f"{group.lower()}-commands.md"


def _overview(groups: Sequence[str]) -> str:
    """Return the page with a line for each command and the options that all of them have."""
    parts = [_head("Commands", "you know every command, and the options that all of them take.")]
    for group in groups:
        page = _page_of(group).name
        rows = [
            (f"[`{name}`]({page}#facesnap-{name})", entry.help) for name, entry in TABLE.items() if entry.group == group
        ]
        parts.append(f"## {group}\n\n{_table(rows)}")
    topics = [(f"`facesnap help {topic}`", meaning) for topic, meaning in TOPICS.items()]
    parts.append(f"## Help\n\n`facesnap help take` explains a command, and these explain a topic:\n\n{_table(topics)}")
    return "\n".join([*parts, "## Options of every command\n", _table(_options(Facesnap().params))])


def _group(group: str) -> str:
    """Return the page with the arguments, options and examples of a group's commands."""
    names = [name for name, entry in TABLE.items() if entry.group == group]
    listed = ", ".join(f"`{name}`" for name in names)
    also = "[commands.md](commands.md) has the options that all commands take."
    parts = [_head(f"{group} commands", f"you know every argument and option of {listed}. {also}")]
    for path, command in all_commands():
        if path.split()[1:2] and path.split()[1] in names:
            parts.append(_command(path, command))
    return "\n".join(parts)


def _command(path: str, command: Any) -> str:
    own = getattr(command, "own_params", [])
    arguments = [param for param in own if param.param_type_name == "argument"]
    parts = [f"## {path}\n", f"{_paragraphs(command.help)}\n"]
    if arguments:
        parts.append(f"Usage: `{' '.join([path, '[OPTIONS]', *(param.metavar for param in arguments)])}`\n")
    rows = [(f"`{param.metavar}`", param.help or "") for param in arguments] + _options(own)
    if rows:
        parts.append(_table(rows))
    if command.examples:
        parts.append("\n".join(["```console", *(f"$ {line}" for line in command.examples), "```"]) + "\n")
    return "\n".join(parts)


def _settings() -> str:
    rows = []
    for name, known in SETTINGS.items():
        default = "" if _is_empty(known.default) else f" Default: `{_text(known.default)}`."
        rows.append((f"`{name}`", f"`{known.env}`" if known.env else "", f"{known.help}.{default}"))
    end = "you know each setting of a profile, and the variable that replaces it. [configuration.md](configuration.md)"
    head = _head("Settings", f"{end} says which source wins.")
    return f"{head}\n{_table(rows, ('in a profile', 'in the environment', ''))}"


def _plan() -> str:
    """Return the page with every key of a plan file."""
    end = "you know every key of a plan file. [nightly-plan.md](../how-to/nightly-plan.md) shows how to write one, and"
    parts = [
        _head("The plan file", f"{end} [retention.md](../concepts/retention.md) what `keep` deletes."),
        PLAN_FILE,
        _keys("Keys at the top", PLAN_KEYS),
        _keys("Keys of `[[backup]]`", ITEM_KEYS),
        _keys("Keys of `keep`", KEEP_KEYS),
        _keys("Keys of `[notify]`", NOTIFY_KEYS),
    ]
    return "\n".join(parts)


def _keys(title: str, keys: Mapping[str, PlanKey]) -> str:
    rows = [(f"`{name}`", key.help, "required" if key.is_required else key.default) for name, key in keys.items()]
    return f"## {title}\n\n{_table(rows, ('key', 'meaning', 'without it'))}"


def _head(title: str, end: str) -> str:
    purpose = textwrap.fill(f"After this page {end}", WIDTH, break_on_hyphens=False)
    return f"{GENERATED}\n\n# {title}\n\n{purpose}\n"


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
    for path, text in pages().items():
        path.write_text(text)
    sys.stdout.write(f"{REFERENCE} has the reference of this program\n")
