"""Decide which older backups are deleted. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from facesnap_cli.backups.templates import Template


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
