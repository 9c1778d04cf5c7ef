"""Change one value in TOML text. Every other line, every comment and all line endings stay as they are.

tomlkit gets only the lines of the table that changes, because in a whole file it loses line endings and comments.
Every change is checked before it is returned, by its data, its comments and its other lines.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import tomli_w
import tomlkit
from tomlkit.exceptions import TOMLKitError

from facesnap_cli.common.patterns import pattern
from facesnap_cli.config.line_numbers import LineNumbers, Statement

Names = tuple[str, ...]
"""The way to a table or value: names of keys."""

_LINE = pattern(r"[^\n]*\n|[^\n]+")
# What tomlkit raises for TOML that it does not know how to change, besides its own errors.
_TOMLKIT_FAILURES = (TOMLKitError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


def with_value(text: str, names: Names, value: object) -> str | None:
    """Return the text with a value set, or with a table added. None if other lines would change."""
    expected = table = _data(text)
    for name in names[:-1]:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            return None
    is_new_at_top = len(names) == 1 and names[0] not in table
    table[names[-1]] = value
    if is_new_at_top:  # tomlkit would put it below the comments at the top
        return _if_faithful(text, _with_first_line(text, names[0], value), names, expected)

    def assign(table: Any) -> None:
        table[names[-1]] = value

    changes = [_in_section(text, names, assign), _with_new_table(text, names, value)]
    if isinstance(value, dict):
        changes.reverse()
    return next((done for change in changes if (done := _if_faithful(text, change, names, expected))), None)


def without(text: str, names: Names) -> str | None:
    """Return the text without a value or a table. None if other lines would change."""
    expected = table = _data(text)
    for name in names[:-1]:
        table = table[name]
    del table[names[-1]]

    def remove(table: Any) -> None:
        del table[names[-1]]

    is_inline = any(len(statement.keys) < len(names) for statement in _statements_about(LineNumbers(text), names))
    changed = _in_section(text, names, remove) if is_inline else _without_lines(text, names)
    return _if_faithful(text, changed, names, expected)


def lines_about(text: str, names: Names) -> list[range]:
    """Return the lines that say something about a value or a table, numbered from 1."""
    return [range(lines.start + 1, lines.stop + 1) for lines in _own_lines(LineNumbers(text), names)]


def _with_first_line(text: str, name: str, value: object) -> str:
    newline = _newline(text)
    return tomli_w.dumps({name: value}).replace("\n", newline) + (f"{newline}{text}" if text else "")


def _with_new_table(text: str, names: Names, value: object) -> str:
    nested = value if isinstance(value, dict) else {names[-1]: value}
    for name in reversed(names if isinstance(value, dict) else names[:-1]):
        nested = {name: nested}
    newline = _newline(text)
    end = "" if not text or text.endswith("\n") else newline
    return text + end + (newline if text else "") + tomli_w.dumps(nested).replace("\n", newline)


def _in_section(text: str, names: Names, change: Callable[[Any], None]) -> str | None:
    """Return the text after tomlkit has changed the lines of the table to which `names` belongs."""
    section = _section_of(LineNumbers(text), names)
    if section is None:
        return None
    lines = _LINE.findall(text)
    own = lines[section.start : section.stop]
    try:
        document: Any = tomlkit.parse("".join(own).replace("\r\n", "\n"))
        table = document
        for name in names[:-1]:
            table = table[name]
        change(table)
        changed: str = document.as_string()
    except _TOMLKIT_FAILURES:
        return None
    return "".join([*lines[: section.start], *_with_endings(own, changed, _newline(text)), *lines[section.stop :]])


def _with_endings(old: list[str], changed: str, newline: str) -> list[str]:
    """Return the lines of a changed text. Those that are as before keep their endings."""
    old_contents = [line.rstrip("\r\n") for line in old]
    contents = changed.removesuffix("\n").split("\n") if changed else []
    start = _common(old_contents, contents)
    end = _common(old_contents[start:][::-1], contents[start:][::-1])
    replaced = old[start : len(old) - end]
    endings = [line[len(line.rstrip("\r\n")) :] or newline for line in replaced]
    middle = [
        content + (endings[number] if number < len(endings) else newline)
        for number, content in enumerate(contents[start : len(contents) - end])
    ]
    before = [line if line.endswith("\n") else line + newline for line in old[:start]]
    lines = [*before, *middle, *old[len(old) - end :]]
    if lines and not changed.endswith("\n"):  # at the end of the file
        lines[-1] = lines[-1].rstrip("\r\n")
    return lines


def _common(some: list[str], others: list[str]) -> int:
    """Return how many lines two lists have in common at their beginnings."""
    pairs = zip(some, others, strict=False)
    return next((number for number, (line, other) in enumerate(pairs) if line != other), min(len(some), len(others)))


def _without_lines(text: str, names: Names) -> str:
    lines = _LINE.findall(text)
    numbers = LineNumbers(text)
    headers = {statement.first - 1 for statement in numbers.statements if statement.is_header}
    for own in reversed(_own_lines(numbers, names)):
        # The blank line below a table, or below the first line of a file, separates what is removed.
        separates = own.start in headers or own.start == 0
        has_separator = separates and own.stop < len(lines) and not lines[own.stop].strip()
        del lines[own.start : own.stop + has_separator]
    return "".join(lines)


def _section_of(numbers: LineNumbers, names: Names) -> range | None:
    """Return the lines, numbered from 0, of the section that has `names`, or else of the one that it belongs to."""
    table = names[:-1]
    found: dict[int, range] = {}
    for section in _sections(numbers):
        lines = range(section[0].first - 1, section[-1].last)
        assignments = section[1:] if section[0].is_header else section
        if numbers.line(*names) and any(statement.concerns(names) for statement in assignments):
            found.setdefault(0, lines)
        if section[0].is_header and section[0].keys == table:
            found.setdefault(1, lines)
        if table and any(statement.concerns(table) for statement in assignments):
            found.setdefault(2, lines)
    return found[min(found)] if found else None


def _sections(numbers: LineNumbers) -> Iterator[list[Statement]]:
    """Return the statements in lists: those before the first header, then each header with what follows it."""
    section: list[Statement] = []
    for statement in numbers.statements:
        if statement.is_header and section:
            yield section
            section = []
        section.append(statement)
    if section:
        yield section


def _statements_about(numbers: LineNumbers, names: Names) -> list[Statement]:
    return [statement for statement in numbers.statements if statement.concerns(names)]


def _own_lines(numbers: LineNumbers, names: Names) -> list[range]:
    """Return the lines, numbered from 0, about `names`. The comments between the lines of a table belong to it."""
    ranges: list[range] = []
    for section in _sections(numbers):
        if section[0].is_header and section[0].concerns(names):
            ranges.append(range(section[0].first - 1, section[-1].last))
        else:
            ranges += [range(own.first - 1, own.last) for own in section if own.concerns(names)]
    return ranges


def _if_faithful(before: str, after: str | None, names: Names, expected: dict[str, Any]) -> str | None:
    """Return the changed text if it has the expected data and all other lines and comments of before, else None."""
    try:
        if after is None or _without_empty_profiles(_data(after)) != _without_empty_profiles(expected):
            return None
    except (ValueError, RecursionError):
        return None
    old, new = LineNumbers(before), LineNumbers(after)
    # With a new value there may be a new table, whose header is no other line.
    first_new = next((length for length in range(1, len(names)) if not old.line(*names[:length])), len(names))
    is_faithful = _other_lines(before, old, names) == _other_lines(after, new, names[:first_new]) and _other_comments(
        old, names, is_removed=not new.line(*names)
    ) == [comment for _, comment in new.comments]
    return after if is_faithful else None


def _other_lines(text: str, numbers: LineNumbers, names: Names) -> list[str]:
    """Return the lines that are not about `names`, without blank ones and without the end of the last line."""
    own = {line for lines in _own_lines(numbers, names) for line in lines}
    others = [line for number, line in enumerate(_LINE.findall(text)) if number not in own and line.strip()]
    return [*others[:-1], *(line.rstrip("\r\n") for line in others[-1:])]


def _other_comments(numbers: LineNumbers, names: Names, *, is_removed: bool) -> list[str]:
    """Return the comments that are not part of a value, nor of lines that are only about `names` and removed."""
    start, end = numbers.values.get(names, (0, 0))
    removes_lines = is_removed and all(len(own.keys) >= len(names) for own in _statements_about(numbers, names))
    lines = {line for lines in _own_lines(numbers, names) for line in lines} if removes_lines else set()
    return [
        comment
        for position, comment in numbers.comments
        if not start <= position < end and numbers.line_at(position) - 1 not in lines
    ]


def _without_empty_profiles(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data without empty profiles: dotted keys cannot express them."""
    profiles = data.get("profiles")
    if not isinstance(profiles, dict):
        return data
    filled = {name: entry for name, entry in profiles.items() if entry != {}}
    others = {name: value for name, value in data.items() if name != "profiles"}
    return others | {"profiles": filled} if filled else others


def _data(text: str) -> dict[str, Any]:
    # As texts, numbers can be compared even if they are no number (nan).
    return tomllib.loads(text, parse_float=str)


def _newline(text: str) -> str:
    return "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
