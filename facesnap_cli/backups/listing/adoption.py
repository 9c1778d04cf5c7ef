"""Take in backups of unknown origin, so that they count for a plan and its `keep` may delete them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from facesnap_cli.archives.archive import Archive
from facesnap_cli.backups.archive_records import record_archive
from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.listing.listed_backup import ListedBackup, Standing, listed_from
from facesnap_cli.backups.plans.backup_methods import methods_of, source_of_item
from facesnap_cli.backups.plans.plan import Plan, PlanItem
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.backup_records import record_backup
from facesnap_cli.models.backups import ADOPTED, BackupRecord
from facesnap_cli.models.identity import ObjectIdentity
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.verify import observe


class Candidate(NamedTuple):
    """A backup that may be taken in. `differences` are parts in which a copy differs from its source at present."""

    item: PlanItem
    backup: ListedBackup
    differences: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """The backup, and how far it fits the item's object."""
        fits = f"differs from it in {', '.join(self.differences)}" if self.differences else "equals it as far as seen"
        if self.backup.is_archive:
            fits = "its head names it"
        return f"{self.backup.where} counts as a backup of {self.item.object_id}: {fits}"


class Adoption:
    """Finds and records the backups of a plan that nothing here shows to be its own."""

    def __init__(self, dependencies: Dependencies, plan: Plan):
        self._dependencies = dependencies
        self._plan = plan
        self._survey = AccountSurvey(dependencies.journal)
        self.failure: FacesnapError | None = None

    def find(self) -> list[Candidate]:
        """Return what may be taken in. A copy with another recognition model cannot be one of the object."""
        found, failures = list[Candidate](), list[tuple[str, FacesnapError | None]]()
        for method in methods_of(self._dependencies, self._plan):
            try:
                unknown = [each for each in method.backups(self._survey) if each.standing is Standing.UNKNOWN_ORIGIN]
                found += [each for backup in unknown if (each := self._candidate(method.item, backup))]
                failures.append((method.item.name, None))
            except FacesnapError as failure:
                failures.append((method.item.name, failure))
        self.failure = combined(failures, "items")
        return found

    def adopt(self, candidates: Sequence[Candidate]) -> list[ListedBackup]:
        """Record backups as the plan's own, and return them. One that cannot be read adds to `failure`."""
        adopted = list[ListedBackup]()
        results: list[tuple[str, FacesnapError | None]] = [("", self.failure)] if self.failure else []
        for candidate in candidates:
            try:
                adopted.append(self._adopt(candidate))
                results.append((candidate.backup.where, None))
            except FacesnapError as failure:
                results.append((candidate.backup.where, failure))
        self.failure = combined(results, "backups")
        return adopted

    def _adopt(self, candidate: Candidate) -> ListedBackup:
        if candidate.backup.is_archive:
            return self._adopt_archive(candidate)
        return self._adopt_copy(candidate)

    def _candidate(self, item: PlanItem, backup: ListedBackup) -> Candidate | None:
        if backup.is_archive:
            with Archive.opened(backup.path) as archive:
                head, identity = archive.head, self._source(item)
            is_at_endpoint = head.endpoint.lower() == identity.resource.endpoint.lower()
            return Candidate(item, backup) if is_at_endpoint and head.compare(identity).is_possible else None
        target, source = self._account(backup), source_of_item(self._dependencies, self._plan, item)
        there = observe(target, item.object_type, backup.place)
        here = observe(source, item.object_type, item.object_id)
        differences = tuple(part for part, value in here.items() if there.get(part) != value and part != "training")
        if "recognition model" in differences:
            self._dependencies.reporter.warn(f"{backup.where} has another recognition model, so it is not taken in")
            return None
        return Candidate(item, backup, differences)

    def _adopt_archive(self, candidate: Candidate) -> ListedBackup:
        item, backup = candidate.item, candidate.backup
        with Archive.opened(backup.path) as archive:
            archive.check()
            counts = archive.counts()
            record = record_archive(
                self._dependencies,
                archive,
                self._source(item),
                target=backup.target,
                item=item.name,
                plan=self._plan.path,
                flaw="" if counts.is_enough(item.require_images) else counts.flaw,
                is_checked=True,
                origin=ADOPTED,
            )
        return listed_from(record)

    def _adopt_copy(self, candidate: Candidate) -> ListedBackup:
        item, backup, now = candidate.item, candidate.backup, self._dependencies.clock.now()
        target = self._account(backup)
        template = Template(backup.target.rpartition(":")[2], item.name)
        record = BackupRecord(
            id=uuid.uuid4().hex,
            method="snapshot",
            source=self._source(item),
            target=backup.target,
            target_resource=self._dependencies.known_resource(target),
            place=backup.place,
            taken_time=template.made_at(backup.place) or now,
            made_time=now,
            origin=ADOPTED,
            verified=ADOPTED,
            verified_time=now,
            item=item.name,
            plan=str(self._plan.path.absolute()),
            facts=observe(target, item.object_type, backup.place),
        )
        record_backup(self._dependencies.journal, record)
        return listed_from(record)

    def _account(self, backup: ListedBackup) -> Account:
        return self._dependencies.accounts.usable(backup.profile)

    def _source(self, item: PlanItem) -> ObjectIdentity:
        account = source_of_item(self._dependencies, self._plan, item)
        return ObjectIdentity(self._dependencies.known_resource(account), item.object_type.value, item.object_id)
