"""Name copies by date, and decide whether two templates can ever make the same name. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Generic, NamedTuple, TypeVar

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.patterns import pattern

Owner = TypeVar("Owner")
_PLACEHOLDER = pattern(r"\{([^{}]*)\}")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORMS: Mapping[str, str] = {
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "time": r"[0-9]{6}",
    "weekday": "|".join(_WEEKDAYS),
}
# The characters that can stand at each place of a date and of a time.
_TEN = "0123456789"
_CHARACTERS: Mapping[str, tuple[str, ...]] = {
    "date": (*(_TEN,) * 4, "-", "01", _TEN, "-", "0123", _TEN),
    "time": ("012", _TEN, "012345", _TEN, "012345", _TEN),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A name with the placeholders `{date}` (2026-11-23), `{time}` (021500), `{weekday}` (mon) and `{name}`.

    Dates and times are in UTC; `name` replaces `{name}`. Raises UsageError for any other placeholder.
    """

    text: str
    name: str = ""

    def __post_init__(self) -> None:
        rest = self.text
        for found in _PLACEHOLDER.finditer(self.text):
            if found[1] not in (*_FORMS, "name"):
                raise UsageError(
                    f"{harmless(found[0])} in {harmless(self.text)!r} stands for nothing",
                    hint="there are {date}, {time}, {weekday} and {name}",
                )
            rest = rest.replace(found[0], "")
        if "{" in rest or "}" in rest:
            raise UsageError(f"{harmless(self.text)!r} has a brace without its fellow")

    @property
    def is_dated(self) -> bool:
        """Whether the names of different days differ and can be ordered."""
        return "{date}" in self.text

    @property
    def glob(self) -> str:
        """The name with a * for each placeholder that depends on the time."""
        return _PLACEHOLDER.sub(lambda found: self.name if found[1] == "name" else "*", self.text)

    def render(self, moment: datetime) -> str:
        """Return the name for a moment."""
        utc = moment.astimezone(UTC)
        values = {
            "date": f"{utc:%Y-%m-%d}",
            "time": f"{utc:%H%M%S}",
            "weekday": _WEEKDAYS[utc.weekday()],
            "name": self.name,
        }
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.text)

    def made_at(self, name: str) -> datetime | None:
        """Return the moment that `name` shows: without `{time}`, the start of the day.

        Return None if the template cannot have made the name, or has no `{date}`.
        """
        found = _names_of(self).fullmatch(name) if self.is_dated else None
        if not found:
            return None
        parts = found.groupdict()
        try:
            moment = datetime.strptime(f"{parts['date']} {parts.get('time', '000000')}", "%Y-%m-%d %H%M%S")
        except ValueError:
            return None
        made = moment.replace(tzinfo=UTC)
        # The name may have a weekday that is not that of its date.
        return made if self.render(made) == name else None

    def fits(self, name: str) -> bool:
        """Return whether `name` has the form of the template's names, with or without a date."""
        return _names_of(self).fullmatch(name) is not None

    def can_name(self, name: str) -> bool:
        """Return whether `name` is one of the template's names."""
        return self.made_at(name) is not None if self.is_dated else self.fits(name)

    @property
    def is_timed(self) -> bool:
        """Whether its names depend on the time."""
        return any(found[1] != "name" for found in _PLACEHOLDER.finditer(self.text))


@cache
def _names_of(template: Template) -> re.Pattern[str]:
    """Return the pattern of a template's names."""
    pattern, end, seen = "", 0, set[str]()
    for found in _PLACEHOLDER.finditer(template.text):
        key = found[1]
        pattern += re.escape(template.text[end : found.start()])
        if key == "name":
            pattern += re.escape(template.name)
        else:
            pattern += f"(?P={key})" if key in seen else f"(?P<{key}>{_FORMS[key]})"
            seen.add(key)
        end = found.end()
    return re.compile(pattern + re.escape(template.text[end:]))


class _Digit(NamedTuple):
    """One character of a date or a time, the same wherever the placeholder stands in a template."""

    placeholder: str
    place: int

    @property
    def values(self) -> frozenset[str]:
        """The characters that can stand there."""
        return frozenset(_CHARACTERS[self.placeholder][self.place])


def can_meet(one: Template, other: Template) -> bool:
    """Return whether the two templates could ever make the same name, at two moments or at one.

    Dates that no calendar has (30 February) count as possible, so a few pairs that never meet are said to.
    """
    return any(_can_equal(first, second) for first in _characters(one) for second in _characters(other))


@cache
def _characters(template: Template) -> tuple[tuple[str | _Digit, ...], ...]:
    """Return what the template's names consist of, character by character, for each weekday that it names."""
    weekdays = _WEEKDAYS if "{weekday}" in template.text else ("",)
    return tuple(tuple(_spelled(template, weekday)) for weekday in weekdays)


def _spelled(template: Template, weekday: str) -> Iterator[str | _Digit]:
    fixed, end = {"name": template.name, "weekday": weekday}, 0
    for found in _PLACEHOLDER.finditer(template.text):
        yield from template.text[end : found.start()]
        key = found[1]
        yield from fixed[key] if key in fixed else [_Digit(key, place) for place in range(len(_CHARACTERS[key]))]
        end = found.end()
    yield from template.text[end:]


def _can_equal(one: tuple[str | _Digit, ...], other: tuple[str | _Digit, ...]) -> bool:
    """Return whether values for the digits of both make the two texts equal."""
    if len(one) != len(other):
        return False
    pairs = list(zip(one, other, strict=True))
    if any(isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs):
        return False
    # Digits that have to be equal form a group. Each group has the values that all its members can have.
    groups = _Groups()
    return all(groups.unite((0, a), (1, b)) for a, b in pairs)


class Names(Generic[Owner]):
    """The names that templates can make in one place, with the owner of each template."""

    def __init__(self) -> None:
        self._templates: dict[tuple[int | str, ...], dict[tuple[str, ...], tuple[Template, Owner]]] = {}

    def add(self, template: Template, owner: Owner) -> None:
        """Add a template."""
        shape, fixed = _shape(template)
        self._templates.setdefault(shape, {}).setdefault(fixed, (template, owner))

    def owner_of(self, template: Template) -> Owner | None:
        """Return the owner of an added template that could make the same name as this one; None without one."""
        shape, fixed = _shape(template)
        # Templates of one shape only meet if they are equal: a plan may have thousands of those.
        alike = self._templates.get(shape, {})
        if fixed in alike:
            return alike[fixed][1]
        others = (
            known for other, templates in self._templates.items() if other != shape for known in templates.values()
        )
        return next((owner for known, owner in others if can_meet(template, known)), None)


def _shape(template: Template) -> tuple[tuple[int | str, ...], tuple[str, ...]]:
    """Return a template's placeholders with the lengths of the texts between them, and these texts."""
    parts = _PLACEHOLDER.split(template.text.replace("{name}", template.name))
    shape = tuple(part if number % 2 else len(part) for number, part in enumerate(parts))
    return shape, tuple(parts[::2])


class _Groups:
    """Groups of characters of two names that have to be equal."""

    def __init__(self) -> None:
        self._group: dict[tuple[int, str | _Digit], int] = {}
        self._values: dict[int, frozenset[str]] = {}

    def unite(self, *members: tuple[int, str | _Digit]) -> bool:
        """Put the members into one group, and return whether it still has a value."""
        groups = {self._group_of(member) for member in members}
        values = frozenset.intersection(*(self._values[group] for group in groups))
        into = min(groups)
        for member, group in self._group.items():
            if group in groups:
                self._group[member] = into
        self._values[into] = values
        return bool(values)

    def _group_of(self, member: tuple[int, str | _Digit]) -> int:
        if member not in self._group:
            character = member[1]
            self._group[member] = number = len(self._group)
            self._values[number] = frozenset(character) if isinstance(character, str) else character.values
        return self._group[member]
