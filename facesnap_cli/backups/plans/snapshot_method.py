"""Back an item up by snapshots: copy it to each target, then delete the copies that are not kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from facesnap_cli.backups.copies.copy import Copy
from facesnap_cli.backups.copies.copy_parameters import CopyParameters, CopyTarget, TargetName
from facesnap_cli.backups.copies.copy_results import TargetResult
from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.listing.listed_backup import ListedBackup
from facesnap_cli.backups.plans.coverage import Candidate, Cover, cover_of
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.plans.preview import Preview, Step, preview_copy
from facesnap_cli.backups.plans.run_results import ItemResult, TargetOutcome
from facesnap_cli.backups.plans.target_copies import TargetCopies
from facesnap_cli.backups.retention import KnownBackup
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.common.errors import FacesnapError, NotFoundError
from facesnap_cli.common.progress import NoProgress
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.account_paths import with_account
from facesnap_cli.models.identity import Resource
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.wait import OperationProgress


@dataclass(frozen=True)
class SnapshotMethod:
    """An item backed up by snapshots.

    `sources` are the objects of the plan, never to be deleted: the accounts of each type and id.
    """

    item: PlanItem
    dependencies: Dependencies
    parameters: CopyParameters
    sources: Mapping[tuple[ObjectType, str], Sequence[Resource]] = field(default_factory=dict)

    @property
    def named_targets(self) -> list[tuple[TargetName, CopyTarget]]:
        """The targets as the plan writes them, each with its account and template."""
        return list(zip(self.item.targets, self.parameters.targets, strict=True))

    def preview(self) -> Preview:
        """Return what `run` would do."""
        copy = preview_copy(self.dependencies, self.parameters, self.item.name)
        steps = list(copy.steps)
        for target, (place, failure) in zip(self.parameters.targets, copy.results, strict=True):
            if failure:
                continue
            kind, profile = self.item.object_type, target.account.profile
            if self.item.keep is None:
                continue
            copies = self._copies(target)
            known = copies.known()
            new = place.rpartition(":")[2]
            if all(backup.name != new for backup in known):
                known.append(copies.foreseen(new))
            known = copies.checked(known, new, self._protected(target, known))
            steps += [
                Step(self.item.name, "delete", profile, kind.value, old, f"{reason}, once the new copy is verified")
                for old, reason in copies.deletions(known, new, self._protected(target, known))
            ]
        return replace(copy, steps=tuple(steps))

    def run(self, progress: OperationProgress) -> ItemResult:
        """Copy, verify, and delete the copies that are not kept."""
        result = Copy(self.dependencies, self.parameters, progress).run()
        return ItemResult(self.item, result.take, tuple(self._outcome(target, progress) for target in result.targets))

    def charges(self) -> Iterator[tuple[Account, OperationKind]]:
        """Yield the takes and applies of `run`, as far as they are known before the first request."""
        copy = Copy(self.dependencies, self.parameters, NoProgress())
        targets = [target for target in self.parameters.targets if not copy.has_begun(target)]
        if targets and not copy.unfinished_take():
            yield self.parameters.source, OperationKind.TAKE
        for target in targets:
            yield target.account, OperationKind.APPLY

    def covers(self) -> list[Cover]:
        """Return how each target is covered. The error of a target that cannot be read is in its result."""
        return [self._cover(target) for target in self.parameters.targets]

    def backups(self, survey: AccountSurvey) -> list[ListedBackup]:
        """Return the copies in all targets. Raises what listing the targets' objects raises."""
        return [listed for target in self.parameters.targets for listed in self._copies(target, survey).listed()]

    def _outcome(self, result: TargetResult, progress: OperationProgress) -> TargetOutcome:
        outcome = TargetOutcome(
            result.target.label,
            result.target.account.profile,
            result.object_id,
            result.outcome,
            result.operation,
            failure=result.failure,
            verified=result.verified,
        )
        if result.failure or self.item.keep is None:
            return outcome
        deleted: list[str] = []
        try:
            copies = self._copies(result.target)
            known = copies.known()
            protected = self._protected(result.target, known)
            known = copies.checked(known, result.object_id, protected)
            copies.remember(known)
            outcome = replace(outcome, warnings=tuple(copies.warnings(known, result.object_id)))
            for old, _ in copies.deletions(known, result.object_id, protected):
                progress.begin("deleting", logged=False)
                self._delete(result.target, old)
                deleted.append(old)
                copies.record_deletion(old)
        except FacesnapError as failure:
            failure = failure.after("copied and verified, but an older copy could not be deleted")
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=failure)
        return replace(outcome, deleted=tuple(deleted))

    def _copies(self, target: CopyTarget, survey: AccountSurvey | None = None) -> TargetCopies:
        source = self.parameters.source
        identity = source.identity_of(self.item.object_type, self.item.object_id)
        resource = with_account(self.dependencies.journal, source.resource)
        return TargetCopies(
            self.item, self.dependencies, identity._replace(resource=resource), target, self.parameters.plan, survey
        )

    def _protected(self, target: CopyTarget, known: Iterable[KnownBackup]) -> frozenset[str]:
        """Return the ids in a target that are or may be those of objects that the plan backs up."""
        resource = with_account(self.dependencies.journal, target.account.resource)
        return frozenset(
            backup.name
            for backup in known
            for source in self.sources.get((self.item.object_type, backup.name), ())
            if source.compare(resource).is_possible
        )

    def _delete(self, target: CopyTarget, object_id: str) -> None:
        try:
            target.account.objects.delete(self.item.object_type, object_id)
        except NotFoundError:
            return

    def _cover(self, target: CopyTarget) -> Cover:
        label, profile = target.label, target.account.profile
        try:
            candidates = list[Candidate]()
            for candidate in self._copies(target).candidates():
                candidates.append(candidate)
                if candidate.moment and not is_of_the_future(candidate.moment, target.account.service_clock.now()):
                    break
        except FacesnapError as failure:
            return Cover(self.item, label, profile, failure=failure)
        return cover_of(self.item, label, profile, candidates, target.account.service_clock.now())
