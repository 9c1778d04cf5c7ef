"""Find the archives of one target of a plan's item, and judge which of them are good backups of its object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_schema import Head
from facesnap_cli.archives.face_counts import FaceCounts
from facesnap_cli.archives.partial_archive import compare_begun
from facesnap_cli.archives.replacement import Replacement, another_object
from facesnap_cli.backups.plans.coverage import Candidate
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.retention import Deletion, KnownBackup, Retention
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.journal.backup_records import backups_of
from facesnap_cli.journal.transfer_record import PARTIAL
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Sameness
from facesnap_cli.operations.dependencies import Dependencies

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class FoundArchive:
    """A file with the name of a target's archive. `sameness`: whether it is an archive of the item's object.

    `age_s` is the age in seconds; `flaw` is why it is not good, the predicate of a sentence.
    """

    path: Path
    archive_id: str = ""
    age_s: float | None = None
    counts: FaceCounts | None = None
    sameness: Sameness = Sameness.UNKNOWN
    flaw: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether it is certainly a whole archive of the object, and not dated in the future."""
        return self.sameness.is_certain and self.counts is not None and self.age_s is not None


@dataclass(frozen=True)
class TargetArchives:
    """The archives of a target. The template's paths start from `directory`."""

    item: PlanItem
    dependencies: Dependencies
    identity: ObjectIdentity
    template: Template
    directory: Path

    @property
    def label(self) -> str:
        """The target as the plan writes it."""
        return f"file:{self.template.text}"

    @property
    def replacement(self) -> Replacement:
        """The archives that a new one may replace: at a path without a date only whole ones."""
        return Replacement.OWN if self.template.is_dated else Replacement.WHOLE

    def new_path(self) -> Path:
        """Return the file to write: that of an interrupted run within `max_age`, or a new one named by now."""
        now = self.dependencies.clock.now()
        for path, moment in self._named(PARTIAL).items():
            young = (now - moment).total_seconds() < self.item.max_age_s
            if young and compare_begun(path, self.identity).is_certain:
                return path
        return self.directory / self.template.render(now)

    def usable(self) -> Iterator[FoundArchive]:
        """Yield the whole archives of the object, newest first, without archives dated in the future."""
        return (found for found in map(self.checked, self._paths()) if found.is_usable)

    def checked(self, path: Path) -> FoundArchive:
        """Read and check the whole file."""
        return self._read(path, check=True)

    def candidates(self) -> Iterator[Candidate]:
        """Yield what may cover the target, newest first, without the archives of other objects."""
        now = self.dependencies.clock.now()
        for found in map(self.checked, self._paths()):
            if found.sameness is Sameness.DIFFERENT or (found.age_s is None and not found.flaw):
                continue
            good = found.is_usable and not found.flaw
            moment = now - timedelta(seconds=found.age_s) if good and found.age_s is not None else None
            yield Candidate(str(found.path), moment, found.flaw, found.counts)

    def warnings(self) -> list[str]:
        """Return warnings about files with names of the target that are not certain to be archives of the object."""
        heads = [self._read(path, check=False) for path in self._paths()]
        uncertain = [found for found in heads if found.sameness is Sameness.UNKNOWN and found.flaw]
        if not uncertain:
            return []
        named = "; ".join(f"{found.path} {found.flaw}" for found in uncertain[:_MOST_NAMED])
        more = f"; and {len(uncertain) - _MOST_NAMED} more" if len(uncertain) > _MOST_NAMED else ""
        return [
            f"{named}{more}: neither used again, counted, replaced nor deleted;"
            " move it away, or give the files of this target another name"
        ]

    def deletions(self, new: Path) -> list[tuple[Path, Deletion]]:
        """Return the older archives to delete once `new` is there and checked, the oldest first."""
        if self.item.keep is None or self.dependencies.clock_difference.is_large:
            return []
        retention, named = Retention(self.item.keep), self._named()
        named.setdefault(new, self.template.made_at(str(self._folder / new.name)) or self.dependencies.clock.now())
        # Reading every archive whole takes long, so first see whether there is anything to delete at all.
        for check in (False, True):
            known = [self._known(path, moment, new, check=check) for path, moment in named.items()]
            found = retention.deletions(known, str(new))
            if not found:
                break
        return [(Path(deletion.name), deletion) for deletion in found]

    @cached_property
    def _records(self) -> Mapping[str, BackupRecord]:
        journal = self.dependencies.journal
        return {one.id: one for one in backups_of(journal, self.identity.object_type, self.identity.object_id)}

    @property
    def _folder(self) -> Path:
        return Path(self.template.render(self.dependencies.clock.now())).parent

    def _known(self, path: Path, moment: datetime, new: Path, *, check: bool) -> KnownBackup:
        if path == new:
            return KnownBackup(str(path), moment, True, Sameness.SAME, BackupState.GOOD)
        found = self._read(path, check=check)
        state = BackupState.BAD if found.flaw and check else BackupState.GOOD
        return KnownBackup(str(path), moment, self._is_own(found), found.sameness, state)

    def _is_own(self, found: FoundArchive) -> bool:
        """Return whether the item made an archive, by its record.

        An archive without a record was made on another machine, or before there were records: then its name, which is
        the target's, and its object decide.
        """
        record = self._records.get(found.archive_id)
        if record is None:
            return True
        return (
            record.source.compare(self.identity).is_certain
            and _filled(record.target, record.item or "") == _filled(self.label, self.template.name)
            and Path(record.place).name == found.path.name
        )

    def _paths(self) -> list[Path]:
        if self.template.is_dated:
            return list(self._named())
        path = self.directory / self.template.render(self.dependencies.clock.now())
        return [path] if path.is_file() else []

    def _named(self, suffix: str = "") -> dict[Path, datetime]:
        """Return the files with names of the template and `suffix`, and their moments, newest first."""
        folder, now = self._folder, self.dependencies.clock.now()
        place = self.directory / folder
        names = [path.name for path in place.iterdir() if path.is_file()] if place.is_dir() else []
        made = {
            place / name.removesuffix(suffix): moment
            for name in names
            if name.endswith(suffix)
            and (moment := self.template.made_at(str(folder / name.removesuffix(suffix))))
            and not is_of_the_future(moment, now)
        }
        return dict(sorted(made.items(), key=lambda entry: entry[1], reverse=True))

    def _read(self, path: Path, *, check: bool) -> FoundArchive:
        try:
            with Archive.opened(path) as archive:
                return self._judged(path, archive, check=check)
        except FacesnapError:
            return FoundArchive(path, flaw="cannot be read as an archive")

    def _judged(self, path: Path, archive: Archive, *, check: bool) -> FoundArchive:
        head = archive.head
        sameness = head.compare(self.identity)
        found = FoundArchive(path, head.archive_id, sameness=sameness, flaw=another_object(sameness, head.identity))
        if not sameness.is_certain:
            return found
        try:
            counts = archive.counts()
            if check:
                archive.check()
        except DamagedError:
            return FoundArchive(path, head.archive_id, sameness=sameness, flaw="is damaged")
        flaw = "" if counts.is_enough(self.item.require_images) else counts.flaw
        return FoundArchive(path, head.archive_id, self._age_s(head), counts, sameness, flaw)

    def _age_s(self, head: Head) -> float | None:
        """Return an archive's age in seconds; None if it is dated in the future or not dated."""
        now, started = self.dependencies.clock.now(), head.started_time
        return None if started is None or is_of_the_future(started, now) else (now - started).total_seconds()


def _filled(target: str, name: str) -> str:
    return target.replace("{name}", name)
