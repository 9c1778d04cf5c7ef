"""The method `snapshot` of a plan's item: a copy to each target, then the older copies that are not kept go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from facesnap_cli.accounts import Account
from facesnap_cli.errors import FacesnapError, NotFoundError
from facesnap_cli.models import ObjectType
from facesnap_cli.operations import OperationKind
from facesnap_cli.workflows.copy import Copy, CopyWatcher, Means, NoWatcher
from facesnap_cli.workflows.jobs import CopyTarget, TargetResult, WantedCopy, current_job
from facesnap_cli.workflows.plan import PlanItem
from facesnap_cli.workflows.preview import Step, preview_copy
from facesnap_cli.workflows.quota import Quota, quota
from facesnap_cli.workflows.retention import Retention
from facesnap_cli.workflows.run import ItemResult, TargetOutcome


@dataclass(frozen=True)
class SnapshotMethod:
    """One item by snapshots. `sources`: type, profile and id of every object that the plan backs up: never deleted."""

    item: PlanItem
    means: Means
    wanted: WantedCopy
    sources: frozenset[tuple[ObjectType, str | None, str]] = field(default_factory=frozenset)

    def preview(self) -> list[Step]:
        """Return what `run` would do."""
        steps = preview_copy(self.means, self.wanted, self.item.name)
        job = current_job(self.means.journal, self.wanted, self.means.clock.now())
        for target in self.wanted.targets:
            new = target.template.render(job.time)
            kind, profile = self.item.object_type, target.account.profile
            steps += [
                Step(self.item.name, "delete", profile, kind.value, old, "not kept, once the new copy is verified")
                for old in self._doomed(target, new)
            ]
        return steps

    def run(self, watcher: CopyWatcher) -> ItemResult:
        """Copy, verify, and delete what is not kept."""
        result = Copy(self.means, self.wanted, watcher).run()
        return ItemResult(self.item, result.take, tuple(self._outcome(one, watcher) for one in result.targets))

    def _outcome(self, result: TargetResult, watcher: CopyWatcher) -> TargetOutcome:
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
                watcher.stage("deleting")
                self._delete(result.target, old)
                deleted.append(old)
        except FacesnapError as failure:
            failure.message = f"copied and verified, but an older copy could not be deleted: {failure.message}"
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=failure)
        return replace(outcome, deleted=tuple(deleted))

    def _doomed(self, target: CopyTarget, new: str) -> list[str]:
        if self.item.keep is None:
            return []
        place = (self.item.object_type, target.account.profile)
        protected = frozenset(object_id for *of, object_id in self.sources if tuple(of) == place)
        retention = Retention(target.template, self.item.keep, protected)
        return retention.to_delete((one.object_id for one in target.account.objects.list(self.item.object_type)), new)

    def _delete(self, target: CopyTarget, object_id: str) -> None:
        try:
            target.account.objects.delete(self.item.object_type, object_id)
        except NotFoundError:
            return


@dataclass(frozen=True, slots=True)
class Need:
    """How many takes or applies a run will ask of a subscription, and what is left there."""

    profile: str | None
    needed: int
    quota: Quota

    def __str__(self) -> str:
        return f"profile {self.profile}: this run needs {self.needed}; {self.quota}"


def needs(methods: Sequence[SnapshotMethod]) -> list[Need]:
    """Return what a run will ask of each subscription, as far as the journal tells before the first request."""
    counts: dict[tuple[str, OperationKind], int] = {}
    accounts: dict[str, Account] = {}
    for method in methods:
        copy = Copy(method.means, method.wanted, NoWatcher())
        targets = [one for one in method.wanted.targets if not copy.has_begun(one)]
        takes = [method.wanted.source] if targets and not copy.unfinished_take() else []
        for kind, charged in (
            (OperationKind.TAKE, takes),
            (OperationKind.APPLY, [target.account for target in targets]),
        ):
            for account in charged:
                subscription = account.subscription_id or account.endpoint
                accounts.setdefault(subscription, account)
                counts[subscription, kind] = counts.get((subscription, kind), 0) + 1
    return [
        Need(
            accounts[subscription].profile,
            count,
            quota(accounts[subscription], methods[0].means.journal, methods[0].means.clock, kind),
        )
        for (subscription, kind), count in counts.items()
    ]
