"""Understand a command line that is not finished yet, and offer what can stand at its end. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from facesnap_cli.cli.completion.command_words import Command, Option
from facesnap_cli.common.escape import harmless

_SUFFIXES = {"PLAN": ".toml", "ARCHIVE": ".facesnap"}  # of FILE.csv the metavar has it
_FOLDERS = ("DIR",)
_HELP = Option(["--help", "-h"], "", False, "Show the help.")


class Word(NamedTuple):
    """Something that can stand there, and what it means."""

    text: str
    help: str = ""


class Offer(NamedTuple):
    """`kind` is words, files or folders: the shell knows best how to complete paths.

    Files and folders are offered beside the `words`. `suffixes` are those of the files that make sense; none for all.
    """

    kind: str = "words"
    words: tuple[Word, ...] = ()
    suffixes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what the shell scripts read: the kind with suffixes, then a word a line, a tab before its meaning."""
        first = " ".join((self.kind, *self.suffixes))
        return [first, *("\t".join(map(harmless, word)).rstrip("\t") for word in self.words)]


class Line:
    """A command line read up to the word to complete: where it stands, and what was given before."""

    def __init__(self, command: Command):
        self.command: Command | None = command
        self.given: dict[str, str] = {}  # by the option's first name with two dashes
        self.arguments: list[str] = []
        self.awaiting: Option | None = None  # the option whose value comes next
        self.only_arguments = False


Values = Mapping[str, Callable[[Line], Iterable[Word]]]


def offer(root: Command, words: Sequence[str], values: Values) -> Offer:
    """Return what can complete the last of `words` (which do not hold the program's name).

    `values` gives the words for what a metavar names, such as TYPE; a metavar that is written as `one|other` names
    its words itself.
    """
    line, typed = _read(root, words[:-1]), words[-1] if words else ""
    if line.command is None:
        return Offer()
    if line.awaiting is not None:
        return _values(line.awaiting.metavar, line, typed, values)
    if typed.startswith("-") and not line.only_arguments:
        name, equals, start = typed.partition("=")
        option = _option(line.command, name) if equals else None
        if option is None:
            return Offer("words", _matching(_options_left(line), typed))
        found = _values(option.metavar, line, start, values)
        return found._replace(words=tuple(Word(f"{name}={word.text}", word.help) for word in found.words))
    if line.command.commands:
        return Offer("words", _matching((Word(sub.name, sub.help) for sub in line.command.commands), typed))
    metavars = line.command.arguments
    place = min(len(line.arguments), len(metavars) - 1)
    if not metavars or (place < len(line.arguments) and "..." not in metavars[place]):
        return Offer()
    return _values(metavars[place], line, typed, values)


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


def _read(root: Command, words: Sequence[str]) -> Line:
    line = Line(root)
    for word in words:
        if line.command is None:
            break
        if line.awaiting is not None:
            line.given[line.awaiting.names[0]] = word
            line.awaiting = None
        elif word == "--" and not line.only_arguments:
            line.only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not line.only_arguments:
            _read_option(line, line.command, word)
        elif line.command.commands:
            line.command = next((sub for sub in line.command.commands if sub.name == word), None)
        else:
            line.arguments.append(word)
    return line


def _read_option(line: Line, command: Command, word: str) -> None:
    """Take in an option: `--name`, `--name=value`, or letters together, of which the last may have a value."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        _take_in(line, _option(command, name), value if equals else None)
        return
    for place in range(1, len(word)):
        option = _option(command, f"-{word[place]}")
        if option is None or option.metavar:
            _take_in(line, option, word[place + 1 :] or None)
            return
        _take_in(line, option, None)


def _take_in(line: Line, option: Option | None, value: str | None) -> None:
    if option is None:
        return
    if option.metavar and value is None:
        line.awaiting = option
    else:
        line.given[option.names[0]] = value or ""


def _option(command: Command, name: str) -> Option | None:
    return next((option for option in command.options if name in option.names), None)


def _options_left(line: Line) -> list[Word]:
    """Return the options that can still be given, by their long names."""
    assert line.command is not None
    left = [option for option in line.command.options if option.repeatable or option.names[0] not in line.given]
    return [Word(max(option.names, key=len), option.help) for option in [*left, _HELP]]


def _values(metavar: str, line: Line, typed: str, values: Values) -> Offer:
    kinds = kinds_of(metavar)
    words: list[Word] = []
    for kind in kinds:
        if kind in values:
            words += values[kind](line)
        elif not _is_path(kind) and ("|" in metavar or not kind.isupper()):
            words.append(Word(kind))
    matching = _matching((word for word in words if word.text not in line.arguments), typed)
    files = [kind for kind in kinds if _is_path(kind) and kind not in _FOLDERS]
    if files:  # among which shells offer folders too
        suffixes = [_SUFFIXES.get(kind, kind.removeprefix("FILE")) for kind in files]
        return Offer("files", matching, tuple(suffixes) if all(suffixes) else ())
    return Offer("folders" if any(map(_is_path, kinds)) else "words", matching)


def _is_path(kind: str) -> bool:
    return kind in _FOLDERS or kind in _SUFFIXES or kind.partition(".")[0] == "FILE"


def _matching(words: Iterable[Word], typed: str) -> tuple[Word, ...]:
    return tuple(word for word in words if word.text.lower().startswith(typed.lower()))
