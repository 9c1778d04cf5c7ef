"""Find the copies in one target of a plan's item, and judge which of them are good backups of its object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from facesnap_cli.backups.copies.copy_changes import flaw_of_copy
from facesnap_cli.backups.copies.copy_parameters import CopyTarget
from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.listing.listed_backup import GONE, ListedBackup, Standing, listed_from
from facesnap_cli.backups.plans.coverage import Candidate
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.retention import Deletion, KnownBackup, Retention
from facesnap_cli.common.errors import NotFoundError
from facesnap_cli.journal.account_paths import source_of_take, with_account
from facesnap_cli.journal.backup_records import record_backup
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Resource, Sameness
from facesnap_cli.models.operations import Operation
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.parameters import VerifyLevel

_MOST_NAMED = 3


@dataclass(frozen=True)
class TargetCopies:
    """The copies in a target, as far as the journal knows them. `source` is the item's object.

    Many targets may share one survey, for as long as nothing is made or deleted.
    """

    item: PlanItem
    dependencies: Dependencies
    source: ObjectIdentity
    target: CopyTarget
    plan: Path | None = None
    given_survey: AccountSurvey | None = None
    _flaws: dict[str, str] = field(default_factory=dict)

    def known(self) -> list[KnownBackup]:
        """Return the objects in the target with names of its template, newest first."""
        found = [self._judged(name, moment) for name, moment in self._named().items()]
        return sorted(found, key=lambda backup: (backup.moment, backup.name), reverse=True)

    def deletions(self, known: Iterable[KnownBackup], new: str, protected: frozenset[str]) -> list[Deletion]:
        """Return the older copies to delete after `new` was made and verified, the oldest first."""
        if self.item.keep is None or self.dependencies.clock_difference.is_large:
            return []
        return Retention(self.item.keep, protected).deletions(known, new)

    def foreseen(self, new: str) -> KnownBackup:
        """Return a copy that is yet to be made and verified."""
        moment = self.target.template.made_at(new) or self.dependencies.clock.now()
        return KnownBackup(new, moment, True, Sameness.SAME, BackupState.GOOD)

    def checked(self, known: list[KnownBackup], new: str, protected: frozenset[str]) -> list[KnownBackup]:
        """Return the copies without a state if they are not what was recorded of them.

        Each costs a few requests, so nothing is checked if there is nothing to delete anyway.
        """
        return [self._checked(backup) for backup in known] if self.deletions(known, new, protected) else known

    def _checked(self, backup: KnownBackup) -> KnownBackup:
        is_counted = backup.sameness.is_certain and backup.state is not None
        return backup._replace(state=None) if is_counted and self._flaw_of(backup.name) else backup

    def _flaw_of(self, name: str) -> str:
        """Return why an object in the target is not the copy that was recorded; empty if it is, or without a record."""
        record = self._records.get(name)
        if record and name not in self._flaws:
            try:
                self._flaws[name] = flaw_of_copy(self.target.account, record)
            except NotFoundError:
                self._flaws[name] = GONE
        return self._flaws.get(name, "")

    def warnings(self, known: Iterable[KnownBackup], new: str) -> list[str]:
        """Return a warning about objects that are not certain to be copies, so that none of them is deleted."""
        if self.item.keep is None:
            return []
        profile = self.target.account.profile
        flaws = [f"{profile}:{name} {flaw}: neither counted nor deleted" for name, flaw in self._flaws.items() if flaw]
        unknown = [backup.name for backup in known if not backup.is_known and backup.name != new]
        names = [name for name in unknown if not self._flaws.get(name)]
        if not names:
            return flaws
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return [
            *flaws,
            f"{profile} has {', '.join(names[:_MOST_NAMED])}{more}, which nothing here shows to be"
            f" verified copies of {self.item.object_id}: neither counted nor deleted;"
            " delete by hand what nobody needs",
        ]

    def candidates(self) -> Iterator[Candidate]:
        """Yield what may cover the target, newest first. Each costs a few requests."""
        return (self._candidate(backup) for backup in self.known() if backup.sameness is not Sameness.DIFFERENT)

    def listed(self) -> list[ListedBackup]:
        """Return the copies that are there, and those of the item's object that are gone. Only listings are requested.

        Objects that are certainly copies of other objects are left out.
        """
        known = [backup for backup in self.known() if backup.sameness is not Sameness.DIFFERENT]
        names = {backup.name for backup in known}
        gone = [
            listed_from(record, self.item.name, is_gone=True)
            for name, record in self._records.items()
            if record.source.object_id == self.source.object_id
            and name not in names
            and record.state is not BackupState.DELETED
            and record.target.rpartition(":")[2] == self.target.template.text
            and record.source.compare(self.source).is_certain
        ]
        return [*map(self._listed, known), *gone]

    def _listed(self, backup: KnownBackup) -> ListedBackup:
        record, apply = self._records.get(backup.name), self._applies.get(backup.name)
        if record and backup.sameness.is_certain and record.state is not BackupState.DELETED:
            listed = listed_from(record, self.item.name)
            if listed.standing is Standing.UNVERIFIED and backup.state is BackupState.GOOD:  # verify = "none"
                listed = listed._replace(standing=Standing.GOOD)
            return listed._replace(profile=self.target.account.profile)
        listed = ListedBackup(
            self.item.name,
            "snapshot",
            self.source,
            self.target.label,
            self.target.account.profile,
            backup.name,
            Standing.UNKNOWN_ORIGIN,
            None,
            "nothing here shows that it is a copy of this object",
            "unknown",
        )
        if record and record.state is BackupState.DELETED:
            return listed._replace(reason="has the name of a copy that was deleted")
        if apply is None or not backup.sameness.is_certain:
            return listed
        is_good = backup.state is BackupState.GOOD
        return listed._replace(
            standing=Standing.GOOD if is_good else Standing.UNVERIFIED,
            reason="" if is_good else "was not verified",
            origin="made",
            taken_time=self._taken_time(apply),
            verified=VerifyLevel.QUICK.value if apply.verified_time else None,
            verified_time=apply.verified_time,
        )

    def remember(self, known: Iterable[KnownBackup]) -> None:
        """Record the copies of before there were records, which the journal's operations would outlive otherwise."""
        for backup in known:
            apply = self._applies.get(backup.name)
            if backup.name in self._records or apply is None or not (backup.is_own and backup.is_known):
                continue
            record = BackupRecord(
                id=apply.intent,
                method="snapshot",
                source=self.source,
                target=self.target.label,
                target_resource=self._resource,
                place=backup.name,
                taken_time=self._taken_time(apply),
                made_time=apply.intended_time,
                verified=VerifyLevel.QUICK.value if apply.verified_time else None,
                verified_time=apply.verified_time,
                item=self.item.name,
                plan=str(self.plan.absolute()) if self.plan else None,
            )
            record_backup(self.dependencies.journal, record)
            self._records[backup.name] = record

    def record_deletion(self, name: str) -> None:
        """Record that a copy was deleted."""
        if record := self._records.get(name):
            record_backup(self.dependencies.journal, record._replace(state=BackupState.DELETED))

    @cached_property
    def _resource(self) -> Resource:
        return with_account(self.dependencies.journal, self.target.account.resource)

    @cached_property
    def _survey(self) -> AccountSurvey:
        return self.given_survey or AccountSurvey(self.dependencies.journal)

    @cached_property
    def _all_records(self) -> list[BackupRecord]:
        """The records of the item's type, whatever their accounts."""
        return self._survey.records(self.source.object_type)

    @cached_property
    def _records(self) -> dict[str, BackupRecord]:
        """The newest record of each name in the target."""
        return self._survey.records_in(self._resource, self.source.object_type)

    @cached_property
    def _applies(self) -> Mapping[str, Operation]:
        """The newest apply of a copy by each name in the target, of those made before backups were recorded.

        A record knows the account that it went to, to which the profile need not lead any more.
        """
        recorded = {record.id for record in self._all_records}
        applies = self._survey.applies(self.target.account, self.item.object_type.value)
        return {
            apply.object_id: apply
            for apply in reversed(applies)
            if apply.has_succeeded and apply.job and apply.intent not in recorded
        }

    def _named(self) -> dict[str, datetime]:
        """Return the objects in the target that its template can have named, with the moments that order them."""
        kind, template, account = self.item.object_type, self.target.template, self.target.account
        if template.is_timed:
            names = (self.given_survey or AccountSurvey(self.dependencies.journal)).names(account, kind)
        else:
            name = template.render(self.dependencies.clock.now())
            names = [name] if account.objects.exists(kind, name) else []
        return {name: template.made_at(name) or self._made_time(name) for name in names if template.can_name(name)}

    def _made_time(self, name: str) -> datetime:
        """Return when a copy was made whose name does not show it, as far as that is known."""
        if record := self._records.get(name):
            return record.made_time
        apply = self._applies.get(name)
        return apply.intended_time if apply else self.dependencies.clock.now()

    def _judged(self, name: str, moment: datetime) -> KnownBackup:
        if record := self._records.get(name):
            sameness = record.source.compare(self.source)
            is_own = record.plan is not None and (  # without a plan a user made it by hand
                record.target.replace("{name}", record.item or "")
                == self.target.label.replace("{name}", self.target.template.name)
            )
            return KnownBackup(name, moment, is_own, sameness, self._state_of(record))
        if apply := self._applies.get(name):
            return KnownBackup(name, moment, True, self._sameness_of(apply), self._state_after(apply))
        return KnownBackup(name, moment, False, Sameness.UNKNOWN, None)

    def _state_of(self, record: BackupRecord) -> BackupState | None:
        """Return whether a recorded copy is good; None if it was not verified, or is another object by this name."""
        is_verified = record.verified is not None or self.item.verify is VerifyLevel.NONE
        if record.state is BackupState.DELETED or (record.state is BackupState.GOOD and not is_verified):
            return None
        return record.state

    def _state_after(self, apply: Operation) -> BackupState | None:
        is_good = apply.verified_time is not None or self.item.verify is VerifyLevel.NONE
        return BackupState.GOOD if is_good else None

    def _sameness_of(self, apply: Operation) -> Sameness:
        """Return whether the journal leads from an apply to a take of the item's object."""
        journal = self.dependencies.journal
        take = journal.take_of(apply.snapshot_id or "")
        if take is None or not take.owner:  # one that was only found was made elsewhere
            return Sameness.UNKNOWN
        return source_of_take(journal, take).compare(self.source)

    def _taken_time(self, apply: Operation) -> datetime:
        take = self.dependencies.journal.take_of(apply.snapshot_id or "")
        return (take or apply).started_time

    def _candidate(self, backup: KnownBackup) -> Candidate:
        """Return a copy with the moment of its take, or why it does not count."""
        record, apply = self._records.get(backup.name), self._applies.get(backup.name)
        if backup.sameness.is_certain and backup.state is BackupState.GOOD and (flaw := self._flaw_of(backup.name)):
            return Candidate(backup.name, None, flaw)
        if backup.sameness.is_certain and backup.state is BackupState.GOOD and (record or apply):
            return Candidate(backup.name, record.taken_time if record else apply and self._taken_time(apply))
        if backup.sameness.is_certain and (backup.state is BackupState.BAD or (record is None and apply)):
            said = f" ({record.reason})" if record and record.reason else ""
            return Candidate(backup.name, None, f"is there, but was not verified{said}")
        return Candidate(backup.name, None, "is there, but nothing here shows that it is a copy of this object")
