"""Understand a command line that is not finished yet, and offer what can stand at its end. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from facesnap_cli.text import harmless

_FILES = ("FILE", "PLAN", "ARCHIVE", "MANIFEST")
_FOLDERS = ("DIR",)


class Word(NamedTuple):
    """Something that can stand there, and what it means."""

    text: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """`kind` is words (those in `words`), files or folders: the shell knows best how to complete paths."""

    kind: str = "words"
    words: tuple[Word, ...] = ()

    def lines(self) -> list[str]:
        """Return what the shell scripts read: the kind, then a word a line, a tab before its meaning."""
        return [self.kind, *("\t".join(map(harmless, word)).rstrip("\t") for word in self.words)]


@dataclass(slots=True)
class Line:
    """A command line read up to the word to complete: where it stands, and what was given before."""

    command: Any
    given: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    awaiting: Any = None  # the option whose value comes next
    only_arguments: bool = False


Values = Mapping[str, Callable[[Line], Iterable[Word]]]


def offer(root: Any, words: Sequence[str], values: Values) -> Offer:
    """Return what can complete the last of `words` (which do not hold the program's name).

    `values` gives the words for what a metavar names, such as TYPE; a metavar that is written as `one|other` names
    its words itself.
    """
    line, typed = _read(root, words[:-1]), words[-1] if words else ""
    if line.command is None:
        return Offer()
    if line.awaiting is not None:
        return _values(line.awaiting, line, typed, values)
    name, equals, start = typed.partition("=")
    if typed.startswith("-") and not line.only_arguments:
        option = _option(line.command, name) if equals else None
        if option is not None:
            found = _values(option, line, start, values)
            return Offer(found.kind, tuple(Word(f"{name}={word.text}", word.help) for word in found.words))
        return Offer("words", _matching(_options(line), typed))
    if _is_group(line.command):
        return Offer("words", _matching(_commands(line.command), typed))
    arguments = [param for param in line.command.params if param.param_type_name == "argument"]
    position = min(len(line.arguments), len(arguments) - 1)
    if not arguments or (len(line.arguments) > position and arguments[position].nargs == 1):
        return Offer()
    return _values(arguments[position], line, typed, values)


def words_of(line: str) -> list[str]:
    """Return a shell's line in words without the program's name; the last is the one to complete, maybe empty."""
    import shlex

    for closing in ("", '"', "'"):
        try:
            words = shlex.split(line + closing)
        except ValueError:
            continue
        return [*words[1:], ""] if line[-1:].isspace() and not closing else words[1:]
    return []


def kinds_of(metavar: str) -> list[str]:
    """Return the parts of a metavar: `[OPERATION]...` is OPERATION, `demo|FILE.json` is demo and FILE.json."""
    return metavar.replace("...", "").strip("[]").partition("[")[0].split("|")


def _read(root: Any, words: Sequence[str]) -> Line:
    line = Line(root)
    for word in words:
        if line.awaiting is not None:
            line.given[line.awaiting.name] = word
            line.awaiting = None
        elif word == "--" and not line.only_arguments:
            line.only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not line.only_arguments:
            _read_option(line, word)
        elif _is_group(line.command):
            line.command = line.command.get_command(None, word)
        else:
            line.arguments.append(word)
        if line.command is None:
            break
    return line


def _read_option(line: Line, word: str) -> None:
    """Take in an option: `--name`, `--name=value`, or letters together, of which the last may have a value."""
    name, equals, value = word.partition("=")
    if word.startswith("--"):
        _take_in(line, name, value if equals else None)
        return
    for place in range(1, len(word)):
        option = _option(line.command, f"-{word[place]}")
        if option is None or not option.is_flag:
            _take_in(line, f"-{word[place]}", word[place + 1 :] or None)
            return
        _take_in(line, f"-{word[place]}", None)


def _take_in(line: Line, name: str, value: str | None) -> None:
    option = _option(line.command, name)
    if option is None:
        return
    if option.is_flag or value is not None:
        line.given[option.name] = value or ""
    else:
        line.awaiting = option


def _option(command: Any, name: str) -> Any:
    return next((param for param in command.params if name in param.opts and hasattr(param, "is_flag")), None)


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _commands(group: Any) -> list[Word]:
    return [Word(name, group.short_help_of(name)) for name in group.list_commands(None)]


def _options(line: Line) -> list[Word]:
    """Return the options that can still be given, by their long names."""
    left = [
        param
        for param in line.command.params
        if param.param_type_name == "option" and not param.hidden and (param.multiple or param.name not in line.given)
    ]
    return [*(Word(max(param.opts, key=len), param.help or "") for param in left), Word("--help", "Show the help.")]


def _values(param: Any, line: Line, typed: str, values: Values) -> Offer:
    words: list[Word] = []
    for kind in kinds_of(param.metavar or ""):
        if kind in values:
            words += values[kind](line)
        elif kind.partition(".")[0] in _FILES:
            return Offer("files")
        elif kind in _FOLDERS:
            return Offer("folders")
        elif "|" in param.metavar or not kind.isupper():
            words.append(Word(kind))
    return Offer("words", _matching((word for word in words if word.text not in line.arguments), typed))


def _matching(words: Iterable[Word], typed: str) -> tuple[Word, ...]:
    return tuple(word for word in words if word.text.lower().startswith(typed.lower()))
