"""Back an item up by snapshots: copy it to each target, then delete the copies that are not kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from facesnap_cli.backups.copies.copy import Copy
from facesnap_cli.backups.copies.copy_job import current_job
from facesnap_cli.backups.copies.copy_parameters import CopyParameters, CopyTarget
from facesnap_cli.backups.copies.copy_results import TargetResult
from facesnap_cli.backups.plans.coverage import Candidate, Cover, cover_of
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.plans.preview import Preview, Step, preview_copy
from facesnap_cli.backups.plans.run_results import ItemResult, TargetOutcome
from facesnap_cli.backups.retention import Retention
from facesnap_cli.common.errors import FacesnapError, NotFoundError
from facesnap_cli.common.progress import NoProgress
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.operations import Operation, OperationKind
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.parameters import VerifyLevel
from facesnap_cli.operations.wait import OperationProgress


@dataclass(frozen=True)
class SnapshotMethod:
    """An item backed up by snapshots. `sources` are the type and id of each object of the plan, never to be deleted."""

    item: PlanItem
    dependencies: Dependencies
    parameters: CopyParameters
    sources: frozenset[tuple[ObjectType, str]] = field(default_factory=frozenset)

    def preview(self) -> Preview:
        """Return what `run` would do."""
        copy = preview_copy(self.dependencies, self.parameters, self.item.name)
        steps = list(copy.steps)
        job = current_job(self.dependencies.journal, self.parameters, self.dependencies.clock.now())
        for target, (_, failure) in zip(self.parameters.targets, copy.results, strict=True):
            if failure:
                continue
            new = target.template.render(job.time)
            kind, profile = self.item.object_type, target.account.profile
            steps += [
                Step(self.item.name, "delete", profile, kind.value, old, "not kept, once the new copy is verified")
                for old in self._doomed(target, new)
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

    def _outcome(self, result: TargetResult, progress: OperationProgress) -> TargetOutcome:
        outcome = TargetOutcome(
            result.target.label,
            result.target.account.profile,
            result.object_id,
            "failed" if result.failure else "current" if result.done_before else "copied",
            result.operation,
            failure=result.failure,
        )
        if result.failure:
            return outcome
        deleted: list[str] = []
        try:
            for old in self._doomed(result.target, result.object_id):
                progress.begin("deleting", logged=False)
                self._delete(result.target, old)
                deleted.append(old)
        except FacesnapError as failure:
            failure = failure.after("copied and verified, but an older copy could not be deleted")
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=failure)
        return replace(outcome, deleted=tuple(deleted))

    def _doomed(self, target: CopyTarget, new: str) -> list[str]:
        if self.item.keep is None:
            return []
        # Whatever the profile: two of them may lead to the same account.
        protected = frozenset(object_id for kind, object_id in self.sources if kind is self.item.object_type)
        retention = Retention(target.template, self.item.keep, protected)
        return retention.to_delete(
            (found.object_id for found in target.account.objects.list(self.item.object_type)), new
        )

    def _delete(self, target: CopyTarget, object_id: str) -> None:
        try:
            target.account.objects.delete(self.item.object_type, object_id)
        except NotFoundError:
            return

    def _cover(self, target: CopyTarget) -> Cover:
        label, profile = target.label, target.account.profile
        try:
            names = self._copies(target)
        except FacesnapError as failure:
            return Cover(self.item, label, profile, failure=failure)
        applies = self.dependencies.journal.applies_to(
            profile=profile, endpoint=target.account.endpoint, object_type=self.item.object_type.value
        )
        known = {apply.object_id: apply for apply in reversed(applies) if apply.has_succeeded and apply.job}
        candidates = [self._candidate(target, name, known.get(name)) for name in names]
        return cover_of(self.item, label, profile, candidates, self.dependencies.clock.now())

    def _copies(self, target: CopyTarget) -> list[str]:
        """Return the ids of objects that may be copies, newest first."""
        kind, made_at = self.item.object_type, target.template.made_at
        if not target.template.is_dated:
            name = target.template.render(self.dependencies.clock.now())
            return [name] if target.account.objects.exists(kind, name) else []
        moments: dict[str, datetime] = {}
        for found in target.account.objects.list(kind):
            if moment := made_at(found.object_id):
                moments[found.object_id] = moment
        return sorted(moments, key=lambda name: (moments[name], name), reverse=True)

    def _candidate(self, target: CopyTarget, name: str, apply: Operation | None) -> Candidate:
        """Return a copy with the moment of its take, or if the journal does not know it, that of its name."""
        if apply is None:
            return Candidate(name, target.template.made_at(name), "is there, but when it was made is not known here")
        if self.item.verify is not VerifyLevel.NONE and apply.verified_time is None:
            return Candidate(name, None, "is there, but was not verified")
        take = self.dependencies.journal.take_of(apply.snapshot_id or "")
        return Candidate(name, (take or apply).intended_time)
