"""Name copies by date, and decide which older copies are kept. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORMS: Mapping[str, str] = {
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "time": r"[0-9]{6}",
    "weekday": "|".join(_WEEKDAYS),
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
        found = re.fullmatch(self._pattern(), name) if self.is_dated else None
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

    def _pattern(self) -> str:
        pattern, end, seen = "", 0, set[str]()
        for found in _PLACEHOLDER.finditer(self.text):
            key = found[1]
            pattern += re.escape(self.text[end : found.start()])
            if key == "name":
                pattern += re.escape(self.name)
            else:
                pattern += f"(?P={key})" if key in seen else f"(?P<{key}>{_FORMS[key]})"
                seen.add(key)
            end = found.end()
        return pattern + re.escape(self.text[end:])


@dataclass(frozen=True, slots=True)
class Keep:
    """The number of copies to keep: the last ones, and the newest of the latest days, weeks and months with copies.

    A copy is kept if any of the rules keeps it. Weeks are ISO weeks. All times are UTC.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def chosen(self, copies: Mapping[str, datetime]) -> set[str]:
        """Return the names of the copies to keep. `copies` maps a name to its moment."""
        newest_first = sorted(copies, key=lambda name: (copies[name], name), reverse=True)
        kept = set(newest_first[: self.last])
        for count, period in self._periods():
            newest: dict[str, str] = {}
            for name in newest_first:
                newest.setdefault(period(copies[name]), name)
            kept.update(list(newest.values())[:count])
        return kept

    def _periods(self) -> Iterable[tuple[int, Callable[[datetime], str]]]:
        return (
            (self.daily, lambda moment: f"{moment:%Y-%m-%d}"),
            (self.weekly, lambda moment: f"{moment:%G-W%V}"),
            (self.monthly, lambda moment: f"{moment:%Y-%m}"),
        )


@dataclass(frozen=True, slots=True)
class Retention:
    """Chooses the older copies of a target to delete: those that `template` named and `keep` does not keep."""

    template: Template
    keep: Keep
    protected: frozenset[str] = field(default_factory=frozenset)

    def to_delete(self, names: Iterable[str], new: str) -> list[str]:
        """Return the names to delete, oldest first, after `new` was made and verified.

        Never returns `new` itself, a name that the template did not make, a protected name, or a later name than `new`.
        """
        made = {name: moment for name in {*names, new} if (moment := self.template.made_at(name))}
        if new not in made:
            return []
        older = {name: moment for name, moment in made.items() if moment <= made[new]}
        doomed = older.keys() - self.keep.chosen(older) - self.protected - {new}
        return sorted(doomed, key=lambda name: (older[name], name))
