"""The method `export` of a plan's item: an archive file for each target, then the older ones that are not kept go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from facesnap_cli.accounts import Account
from facesnap_cli.archive.draft import PARTIAL
from facesnap_cli.archive.export import export_object
from facesnap_cli.archive.format import ArchiveError
from facesnap_cli.archive.reading import Archive
from facesnap_cli.archive.transfers import Transfers
from facesnap_cli.archive.wanted import WantedExport
from facesnap_cli.clock import Clock
from facesnap_cli.database import DamagedError
from facesnap_cli.errors import FacesnapError
from facesnap_cli.files import make_private_directory
from facesnap_cli.operations import OperationKind
from facesnap_cli.progress import Tally
from facesnap_cli.workflows.copy import CopyWatcher
from facesnap_cli.workflows.coverage import Candidate, Cover, cover_of
from facesnap_cli.workflows.plan import PlanItem
from facesnap_cli.workflows.preview import Step
from facesnap_cli.workflows.retention import Retention, Template
from facesnap_cli.workflows.run import ItemResult, TargetOutcome


@dataclass(frozen=True)
class ExportMethod:
    """One item by exports. Its files' paths start from `directory`; `state` lists the exports.

    The newest older archive is the base of the new one: images come from there, as a plan names none.
    """

    item: PlanItem
    account: Account
    templates: tuple[Template, ...]
    directory: Path
    state: Path
    clock: Clock
    warn: Callable[[str], None] = lambda text: None

    def preview(self) -> list[Step]:
        """Return what `run` would do."""
        return [step for template in self.templates for step in self._steps(template)]

    def run(self, watcher: CopyWatcher) -> ItemResult:
        """Export, check, and delete what is not kept."""
        return ItemResult(self.item, None, tuple(self._outcome(template, watcher) for template in self.templates))

    def charges(self) -> Iterable[tuple[Account, OperationKind]]:
        """Return nothing: an export costs neither takes nor applies."""
        return ()

    def covers(self) -> list[Cover]:
        """Look at every target: is its newest archive young enough?"""
        return [self._cover(template) for template in self.templates]

    def _steps(self, template: Template) -> list[Step]:
        new, current = self._new(template), self._current(template)
        action, why = ("none", "it is young enough") if current else ("export", "")
        kind = self.item.object_type.value
        steps = [Step(self.item.name, action, self.account.profile, kind, str(current or new), why)]
        return steps + [
            Step(self.item.name, "delete", None, kind, str(old), "not kept, once the new archive is checked")
            for old in self._doomed(template, current or new)
        ]

    def _outcome(self, template: Template, watcher: CopyWatcher) -> TargetOutcome:
        current = self._current(template)
        new = current or self._new(template)
        outcome = TargetOutcome(_label(template), None, str(new), "current" if current else "copied")
        try:
            if current is None:
                self._export(template, new, watcher)
        except FacesnapError as failure:
            return replace(outcome, status="failed", failure=failure)
        deleted: list[str] = []
        try:
            for old in self._doomed(template, new):
                old.unlink(missing_ok=True)
                deleted.append(str(old))
        except OSError as error:
            left = ArchiveError(f"exported and checked, but an older archive could not be deleted: {error}")
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=left)
        return replace(outcome, deleted=tuple(deleted))

    def _export(self, template: Template, new: Path, watcher: CopyWatcher) -> None:
        try:
            if not new.parent.is_dir():
                make_private_directory(new.parent)
        except OSError as error:
            raise ArchiveError(f"the directory {new.parent} cannot be made: {error.strerror}") from error
        counting = _Steps(watcher, self.clock)
        wanted = WantedExport(self.item.object_type, self.item.object_id, new, base=self._base(template), force=True)
        with (
            closing(Transfers(self.state, self.clock, self.warn)) as transfers,
            transfers.running(wanted.transfer(self.account), counting) as noted,
        ):
            transfers.forget(timedelta(seconds=self.account.settings["keep_journal"]))
            try:
                export_object(self.account, wanted, self.clock, noted)
            except DamagedError:  # an older archive must not keep the next from being made
                export_object(self.account, replace(wanted, base=None), self.clock, noted)
        with Archive.opened(new) as archive:
            counting.begin("checking")
            archive.check()

    def _new(self, template: Template) -> Path:
        """Return this run's file: the one that an interrupted run has begun within `max_age`, or one named by now."""
        now = self.clock.now()
        begun = [
            path
            for path, moment in self._made(template, PARTIAL).items()
            if (now - moment).total_seconds() < self.item.max_age_s
        ]
        return begun[0] if begun else self.directory / template.render(now)

    def _current(self, template: Template) -> Path | None:
        """Return the newest archive if it is young enough to do."""
        newest = self._newest(template)
        return newest[0] if newest and newest[1] < self.item.max_age_s else None

    def _base(self, template: Template) -> Path | None:
        newest = self._newest(template)
        return newest[0] if newest else None

    def _newest(self, template: Template) -> tuple[Path, float] | None:
        """Return the newest readable archive of the object, with its age in seconds."""
        now = self.clock.now()
        fixed = self.directory / template.render(now)
        for path in self._made(template) if template.is_dated else [fixed]:
            try:
                with Archive.opened(path) as archive:
                    head = archive.head
            except FacesnapError:
                continue
            if (head.object_type, head.object_id) == (self.item.object_type, self.item.object_id) and head.started_time:
                return path, (now - head.started_time).total_seconds()
        return None

    def _made(self, template: Template, suffix: str = "") -> dict[Path, datetime]:
        """Return the files that the template has named, with `suffix` after it, and when: the newest first."""
        folder = Path(template.render(self.clock.now())).parent
        place = self.directory / folder
        names = [path.name for path in place.iterdir() if path.is_file()] if place.is_dir() else []
        made = {
            place / name.removesuffix(suffix): moment
            for name in names
            if name.endswith(suffix) and (moment := template.made_at(str(folder / name.removesuffix(suffix))))
        }
        return dict(sorted(made.items(), key=lambda entry: entry[1], reverse=True))

    def _doomed(self, template: Template, new: Path) -> list[Path]:
        """Return the older archives that are not kept, the oldest first."""
        if self.item.keep is None:
            return []
        folder = Path(template.render(self.clock.now())).parent
        retention = Retention(template, self.item.keep)
        names = retention.to_delete((str(folder / path.name) for path in self._made(template)), str(folder / new.name))
        return [self.directory / name for name in names]

    def _cover(self, template: Template) -> Cover:
        newest, now = self._newest(template), self.clock.now()
        found = [Candidate(str(newest[0]), now - timedelta(seconds=newest[1]))] if newest else []
        return cover_of(self.item, _label(template), None, found, now)


class _Steps:
    """Shows the steps of an export on the screen of a run."""

    def __init__(self, watcher: CopyWatcher, clock: Clock):
        self._watcher = watcher
        self._tally = Tally(clock)

    def begin(self, step: str, total: int | None = None) -> None:
        with self._tally.lock:
            self._tally.restart(step, total)
            self._watcher.counted(step, step if total is None else f"{step}, {total:,} in all")

    def advance(self, number: int = 1) -> None:
        with self._tally.lock:
            self._tally.done += number
            self._watcher.counted(self._tally.step, f"{self._tally.step}: {self._tally.text()}")

    def close(self) -> None:
        return


def _label(template: Template) -> str:
    return f"file:{template.text}"
