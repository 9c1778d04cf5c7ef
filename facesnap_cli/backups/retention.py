"""Decide which older backups are deleted. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from facesnap_cli.models.backups import BackupState
from facesnap_cli.models.identity import Sameness


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


class KnownBackup(NamedTuple):
    """Known facts about one backup of a target.

    `is_own`: the plan's item made it. `sameness`: whether it is a backup of the item's object. `state` is good or bad,
    None if that is not known.
    """

    name: str
    moment: datetime
    is_own: bool
    sameness: Sameness
    state: BackupState | None

    @property
    def is_known(self) -> bool:
        """Whether it is certain what it is a backup of, and whether it is good. Any other is never deleted."""
        return self.sameness is Sameness.DIFFERENT or (self.sameness.is_certain and self.state is not None)


class Deletion(NamedTuple):
    """A backup to delete, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Retention:
    """Chooses the older backups of a target to delete.

    Only good backups count and are kept. A bad one never takes the place of a good one: it is deleted once `keep`
    would not keep it even if it were good.
    """

    keep: Keep
    protected: frozenset[str] = frozenset()

    def deletions(self, backups: Iterable[KnownBackup], new: str) -> list[Deletion]:
        """Return what to delete, oldest first, after the item made `new` and it was found good.

        Never returns `new` itself, a protected name, what is dated later than `new`, what the item did not make, or
        what is not known to be a backup of its object.
        """
        certain = {backup.name: backup for backup in backups if backup.sameness.is_certain}
        if new not in certain or not certain[new].is_own or certain[new].state is not BackupState.GOOD:
            return []
        own = {
            name: backup for name, backup in certain.items() if backup.is_own and backup.moment <= certain[new].moment
        }
        good = {name: backup.moment for name, backup in own.items() if backup.state is BackupState.GOOD}
        kept = self.keep.chosen(good) | self.protected | {new}
        found = []
        for name, backup in sorted(own.items(), key=lambda entry: (entry[1].moment, entry[0])):
            if name in kept:
                continue
            if name in good:
                found.append(Deletion(name, "not kept"))
            elif backup.state is BackupState.BAD and name not in self.keep.chosen({**good, name: backup.moment}):
                found.append(Deletion(name, "not good, and too old to be kept if it were"))
        return found
