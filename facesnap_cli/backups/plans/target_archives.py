"""Find the archives of one target of a plan's item, and judge which of them are good backups of its object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_schema import Head, Maker
from facesnap_cli.archives.face_counts import FaceCounts
from facesnap_cli.archives.partial_archive import begun_head
from facesnap_cli.archives.replacement import Replacement, another_object, check_replaceable
from facesnap_cli.backups.archive_records import is_proven, record_archive, stamp_of
from facesnap_cli.backups.listing.listed_backup import ListedBackup, Standing, listed_from
from facesnap_cli.backups.plans.coverage import Candidate
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.retention import Deletion, KnownBackup, Retention
from facesnap_cli.backups.service_time import ServiceTime
from facesnap_cli.backups.target_files import TargetFiles
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.sqlite import DamagedError, DatabaseError
from facesnap_cli.journal.backup_records import backups_of
from facesnap_cli.journal.store import JournalError
from facesnap_cli.journal.transfer_record import PARTIAL
from facesnap_cli.models.backups import ADOPTED, BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Sameness
from facesnap_cli.operations.dependencies import Dependencies

_MOST_NAMED = 3
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FoundArchive:
    """A file with the name of a target's archive. `sameness`: whether it is an archive of the item's object.

    `time` is when its reading began, by the service's clock; `age_s` its age in seconds, None if it is dated in the
    future. `is_own`: the item made it; `is_unknown`: nothing shows who made it. `is_base`: its own head shows the
    object, so that a new archive may be based on it. `flaw` is why it is not good, the predicate of a sentence.
    """

    path: Path
    time: datetime
    archive_id: str = ""
    age_s: float | None = None
    counts: FaceCounts | None = None
    persons: int | None = None
    sameness: Sameness = Sameness.UNKNOWN
    flaw: str = ""
    is_own: bool = False
    is_unknown: bool = False
    is_base: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether it is certainly a whole archive of the object, and not dated in the future."""
        return self.sameness.is_certain and self.counts is not None and self.age_s is not None


@dataclass(frozen=True)
class TargetArchives:
    """The archives of a target. The paths of its files start from the directory of the plan."""

    item: PlanItem
    dependencies: Dependencies
    identity: ObjectIdentity
    files: TargetFiles
    plan: Path
    service_time: ServiceTime

    @property
    def label(self) -> str:
        """The target as the plan writes it."""
        return f"file:{self.files.template.text}"

    @property
    def replacement(self) -> Replacement:
        """The archives that a new one may replace: at a path without a date only whole ones."""
        return Replacement.OWN if self.files.template.is_dated else Replacement.WHOLE

    def new_path(self) -> Path:
        """Return the file to write: that of an interrupted run within `max_age`, or a new one named by now."""
        drafts = [(head.started_time or _LONG_AGO, path) for path, head in self._drafts() if self._is_young(head)]
        return max(drafts)[1] if drafts else self.files.new(self.dependencies.clock.now())

    def old_drafts(self) -> list[Path]:
        """Return the archives that the item began and never finished, too long ago to be resumed."""
        if self.dependencies.clock_difference.is_large:
            return []
        return [path for path, head in self._drafts() if not self._is_young(head)]

    def maker(self, path: Path) -> Maker:
        """Return the item and its target as the maker of a file."""
        return Maker(self.item.name, self.label, self.files.place_of(path))

    def replaced_id(self, path: Path) -> str:
        """Return the id of the archive at a path that a new one replaces there; empty if there is none.

        Raises ConflictError if something else is there.
        """
        found = self._read(path, check=False) if path.is_file() else None
        replaced_id = found.archive_id if found and found.is_own else ""
        check_replaceable(path, self.replacement, self.identity, replaced_id)
        return replaced_id

    def usable(self) -> Iterator[FoundArchive]:
        """Yield the whole archives of the object, newest first, without archives dated in the future."""
        return (found for found in self._checked() if found.is_usable)

    def candidates(self) -> Iterator[Candidate]:
        """Yield what may cover the target, newest first, without the archives of other objects."""
        for found in self._checked():
            if found.sameness is Sameness.DIFFERENT or (found.age_s is None and not found.flaw):
                continue
            moment = found.time if found.is_usable and not found.flaw else None
            yield Candidate(str(found.path), moment, found.flaw, found.counts)

    def listed(self) -> list[ListedBackup]:
        """Return the archives that are there, and those of the target that are gone. None is read whole.

        A file that is as it was when it was recorded is not even opened. Archives that are certainly of other objects
        are left out.
        """
        recorded = dict(self._recorded)
        found = [self._listed(path, recorded.pop(str(path.absolute()), None)) for path in self.files.found()]
        gone = [
            listed_from(record, self.item.name, is_gone=True)
            for record in recorded.values()
            if not Path(record.place).is_file()
        ]
        return [*(listed for listed in found if listed), *gone]

    def _listed(self, path: Path, record: BackupRecord | None) -> ListedBackup | None:
        if record and record.stamp and record.stamp == stamp_of(path):
            return listed_from(record, self.item.name)
        found = self._read(path, check=False)
        if found.sameness is Sameness.DIFFERENT:
            return None
        known = self._records.get(found.archive_id)
        is_certain, is_known = found.sameness.is_certain, not found.is_unknown
        standing, reason = Standing.UNVERIFIED, "was not read whole since its file has changed"
        if not is_certain or found.is_unknown:
            standing, reason = Standing.UNKNOWN_ORIGIN, found.flaw or "nothing shows which plan made it"
        elif found.flaw:
            standing, reason = Standing.BAD, found.flaw
        elif known is None:
            reason = "was not read whole on this machine"
        elif known.verified and known.stamp is None:
            standing, reason = Standing.GOOD, ""
        return ListedBackup(
            self.item.name,
            "export",
            self.identity,
            self.label,
            None,
            str(path.absolute()),
            standing,
            found.time if found.time > _LONG_AGO else None,
            reason,
            known.origin if known else "another machine" if is_certain and is_known else "unknown",
            known.plan if known else None,
            known.verified if known and standing is Standing.GOOD else None,
            known.verified_time if known and standing is Standing.GOOD else None,
            found.persons,
            found.counts.faces if found.counts else None,
            found.counts.with_image if found.counts else None,
            path.stat().st_size,
            known,
            found.counts.left_out if found.counts else (),
        )

    def warnings(self) -> list[str]:
        """Return warnings about files with names of the target that are not certain to be the item's archives."""
        heads = self._heads()
        uncertain = [f"{found.path} {found.flaw}" for found in heads if found.sameness is Sameness.UNKNOWN]
        unknown = [str(found.path) for found in heads if found.is_unknown and found.sameness.is_certain]
        said = self._vanished()
        if uncertain:
            said.append(
                f"{_first(uncertain)}: neither used again, counted, replaced nor deleted;"
                " move it away, or give the files of this target another name"
            )
        if unknown and self.item.keep:
            said.append(
                f"nothing shows which plan made {_first(unknown)}: it counts as a backup, but not towards keep, and is"
                " not deleted; delete by hand what nobody needs"
            )
        return said

    def _vanished(self) -> list[str]:
        """Return a warning if the target's directory is gone with the archives in it, as that of an unmounted disk."""
        directory = self.files.fixed_directory
        gone = [record for record in self._recorded.values() if Path(record.place).is_relative_to(directory)]
        if not gone or directory.is_dir():
            return []
        return [
            f"{directory} was there and had {len(gone)} archive{'s' if len(gone) > 1 else ''}, and is gone:"
            " if it is on a disk that is not mounted, mount it and run the plan again"
        ]

    def deletions(self, new: Path, *, recorded: bool = True) -> list[tuple[Path, Deletion]]:
        """Return the older archives to delete once `new` is there and checked, the oldest first.

        Nothing is deleted because of a damaged archive: those that stay have been read whole, today or in the last days
        and without a change of the file since. If one of them is damaged, it does not count, and an older one stays
        instead. Without `recorded` these checks are not recorded.
        """
        if self.item.keep is None or not self.service_time.is_known or self.dependencies.clock_difference.is_large:
            return []
        retention, known = Retention(self.item.keep), self._known(new)
        proven = {str(new)}
        while found := retention.deletions(known.values(), str(new)):
            leaving = {deletion.name for deletion in found}
            staying = [
                backup
                for name, backup in known.items()
                if name not in leaving | proven and backup.is_own and backup.state is BackupState.GOOD
            ]
            if not staying:
                break
            for backup in staying:
                proven.add(backup.name)
                if not self._is_good(Path(backup.name), recorded=recorded):
                    known[backup.name] = backup._replace(state=BackupState.BAD)
        return [(Path(deletion.name), deletion) for deletion in found]

    @cached_property
    def _records(self) -> Mapping[str, BackupRecord]:
        """The records of the object's archives by their ids. Exports go on without the journal: archives tell more."""
        try:
            records = backups_of(self.dependencies.journal, self.identity.object_type, self.identity.object_id)
        except (DatabaseError, JournalError) as error:
            self.dependencies.warn_of(error)
            return {}
        return {record.id: record for record in records}

    @property
    def _recorded(self) -> Mapping[str, BackupRecord]:
        """The records of the target's archives by their paths, without archives that were deleted."""
        return {
            record.place: record
            for record in self._records.values()
            if record.target == self.label
            and record.state is not BackupState.DELETED
            and record.source.compare(self.identity).is_certain
        }

    def _known(self, new: Path) -> dict[str, KnownBackup]:
        """Return the facts on each dated file, as far as heads and records show them, and on `new`."""
        known = {}
        for found in self._heads():
            moment = self.files.moment_of(found.path)
            if moment and found.path != new:
                state = BackupState.BAD if found.flaw else BackupState.GOOD
                known[str(found.path)] = KnownBackup(str(found.path), moment, found.is_own, found.sameness, state)
        moment = self.files.moment_of(new) or self.dependencies.clock.now()
        is_own = self._read(new, check=False).is_own if new.is_file() else True  # it is about to be made
        known[str(new)] = KnownBackup(str(new), moment, is_own, Sameness.SAME, BackupState.GOOD)
        return known

    def _is_good(self, path: Path, *, recorded: bool) -> bool:
        """Return whether an archive is whole, by reading it or by the record of a check that still counts."""
        try:
            with Archive.opened(path) as archive:
                record = self._records.get(archive.head.archive_id)
                if record and is_proven(record, path, self.dependencies.clock.now()):
                    return True
                if self._judged(path, archive, check=True).flaw:
                    return False
                if recorded:
                    record_archive(
                        self.dependencies,
                        archive,
                        self.identity,
                        target=self.label,
                        item=self.item.name,
                        plan=self.plan,
                        is_checked=True,
                    )
        except FacesnapError:
            return False
        return True

    def _sameness_of(self, head: Head) -> Sameness:
        """Return whether an archive is of the item's object: by its head, or because a user took it in as one."""
        record = self._records.get(head.archive_id)
        if record and record.origin == ADOPTED and head.compare(self.identity).is_possible:
            return record.source.compare(self.identity)
        return head.compare(self.identity)

    def _is_own(self, path: Path, head: Head) -> bool:
        """Return whether the item made an archive: by its record, else, on another machine, by what the archive says.

        A copy of it under another name, or a link to it, is somebody else's.
        """
        record, maker = self._records.get(head.archive_id), head.maker
        if record:
            if not record.source.compare(self.identity).is_certain:
                return False
            place = self.files.place_of(Path(record.place))
            maker = Maker(record.item, record.target, place) if record.item else None
        return maker is not None and maker.made(self.maker(path)) and not path.is_symlink()

    def _drafts(self) -> Iterator[tuple[Path, Head]]:
        """Yield the archives that the item began and has not finished."""
        for path in self.files.found(PARTIAL):
            head = begun_head(path)
            if head and head.maker and head.maker.made(self.maker(path)) and head.compare(self.identity).is_certain:
                yield path, head

    def _is_young(self, head: Head) -> bool:
        age_s = self._age_s(head)
        return age_s is not None and age_s < self.item.max_age_s

    def _heads(self) -> list[FoundArchive]:
        """Return the files with names of the target as their heads describe them, newest first."""
        found = [self._read(path, check=False) for path in self.files.found()]
        return sorted(found, key=lambda archive: (archive.time, archive.path), reverse=True)

    def _checked(self) -> Iterator[FoundArchive]:
        """Yield the files with names of the target, newest first, each after its whole content was read."""
        return (self._read(found.path, check=True) for found in self._heads())

    def _read(self, path: Path, *, check: bool) -> FoundArchive:
        try:
            with Archive.opened(path) as archive:
                return self._judged(path, archive, check=check)
        except FacesnapError:
            return FoundArchive(path, self.files.moment_of(path) or _LONG_AGO, flaw="cannot be read as an archive")

    def _judged(self, path: Path, archive: Archive, *, check: bool) -> FoundArchive:
        head = archive.head
        sameness = self._sameness_of(head)
        found = FoundArchive(
            path,
            head.started_time or _LONG_AGO,
            head.archive_id,
            sameness=sameness,
            flaw=another_object(sameness, head.identity),
        )
        if not sameness.is_certain:
            return found
        is_unknown = head.archive_id not in self._records and head.maker is None
        is_base = head.compare(self.identity).is_certain
        found = replace(found, is_own=self._is_own(path, head), is_unknown=is_unknown, is_base=is_base)
        try:
            counts = archive.counts()
            if check:
                archive.check()
        except DamagedError:
            return replace(found, flaw="is damaged")
        return replace(
            found, age_s=self._age_s(head), counts=counts, persons=head.persons, flaw=self._flaw(head, counts)
        )

    def _flaw(self, head: Head, counts: FaceCounts) -> str:
        """Return why a whole archive is not good: it lacks images, or several persons share some."""
        if not counts.is_enough(self.item.require_images):
            return counts.flaw
        record = self._records.get(head.archive_id)
        if record and record.state is BackupState.BAD and not self.item.allow_shared_images:
            return f"was recorded as not good: {record.reason}"
        return ""

    def _age_s(self, head: Head) -> float | None:
        """Return an archive's age in seconds; None if it is dated in the future or not dated."""
        now, started = self.service_time.now(), head.started_time
        return None if started is None or is_of_the_future(started, now) else (now - started).total_seconds()


def _first(texts: list[str]) -> str:
    """Return the first few of many texts, and the number of the others."""
    more = f"; and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return f"{'; '.join(texts[:_MOST_NAMED])}{more}"
