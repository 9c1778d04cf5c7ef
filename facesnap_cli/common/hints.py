"""Hints for people. The commands in them stay words until they are printed, so that nothing has to search a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence


class Command(tuple[str, ...]):
    """The words of a command line that facesnap suggests, `facesnap` first; without words, no command.

    The options with which this run finds its account and its files are added when it is printed.
    """

    __slots__ = ()


class CompleteCommand(Command):
    """A command line that has all of its options, such as one that the journal keeps for a later run."""

    __slots__ = ()


NO_COMMAND = Command()
Completion = Callable[[Command], Sequence[str]]


def as_it_is(words: Command) -> Sequence[str]:
    """Return a command's words without anything added: the completion where no run is known."""
    return words


def command(*words: object) -> Command:
    """Return a command of facesnap; None and False leave a word out."""
    return Command(_words(words))


def complete_command(*words: object) -> CompleteCommand:
    """Return a command of facesnap to which nothing is to be added; None and False leave a word out."""
    return CompleteCommand(_words(words))


def option(name: str, value: object) -> tuple[object, ...]:
    """Return the words of an option for `command`; none without a value."""
    return (name, value) if value else ()


def command_line(words: Sequence[str]) -> str:
    """Return words as one line that can be pasted into a shell, also if a path in it is not valid Unicode."""
    import shlex

    return " ".join(shlex.quote(word) if word.isprintable() else _quoted_bytes(word) for word in words)


def _quoted_bytes(word: str) -> str:
    r"""Return a word as bash, zsh and others read it, with its bytes that cannot be printed as `\xff`."""
    parts = (
        chr(byte) if chr(byte).isprintable() and byte < 0x80 and chr(byte) not in "\\'" else f"\\x{byte:02x}"
        for byte in word.encode("utf-8", "surrogateescape")
    )
    return f"$'{''.join(parts)}'"


class Option(str):
    """The name of an option in a hint, `--type`, for which a plan has a key: `type`."""

    __slots__ = ()


class Hint:
    """Text for people with commands and options in it. Without parts it is empty, and false."""

    __slots__ = ("parts",)

    def __init__(self, *parts: str | Command):
        self.parts = tuple(part for part in parts if part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hint) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __str__(self) -> str:
        return self.text()

    def text(self, complete: Completion = as_it_is) -> str:
        """Return the text, each command completed."""
        return "".join(command_line(complete(part)) if isinstance(part, Command) else part for part in self.parts)

    def in_plan(self, keys: Mapping[str, str], place: str, source: str | None) -> Hint:
        """Return the hint for an item of a plan: its `keys` in place of the options, after its `place`.

        The command `objects` gets the profile `source`.
        """
        if not any(isinstance(part, Option) for part in self.parts):
            return self
        parts = [keys.get(part, part) if isinstance(part, Option) else part for part in self.parts]
        about = ("--profile", source) if source else ()
        return Hint(
            f"{place}: " if place else "",
            *(
                Command((*part, *about)) if isinstance(part, Command) and part[1] == "objects" else part
                for part in parts
            ),
        )

    @classmethod
    def joined(cls, hints: Iterable[Hint | str]) -> Hint:
        """Return one hint of several, each of them once, the empty ones left out."""
        parts: list[str | Command] = []
        for hint in dict.fromkeys(as_hint(hint) for hint in hints):
            if hint:
                parts += ["; ", *hint.parts] if parts else hint.parts
        return cls(*parts)


def as_hint(text: Hint | str) -> Hint:
    """Return a text as a hint."""
    return text if isinstance(text, Hint) else Hint(text)


def _words(words: Iterable[object]) -> list[str]:
    return ["facesnap", *(str(word) for word in words if word is not None and word is not False)]
