"""Choose the method of each item of a plan: snapshots or exports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from facesnap_cli.archives.images.sources import image_source
from facesnap_cli.backups.copies.copy_parameters import CopyParameters, TargetName, copy_between
from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.listing.listed_backup import ListedBackup
from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.export_method import ExportMethod
from facesnap_cli.backups.plans.plan import APART, Plan, PlanItem, colliding
from facesnap_cli.backups.plans.preview import Preview
from facesnap_cli.backups.plans.run_results import ItemResult
from facesnap_cli.backups.plans.snapshot_method import SnapshotMethod
from facesnap_cli.backups.plans.unusable_method import UnusableMethod
from facesnap_cli.backups.service_time import ServiceTime
from facesnap_cli.backups.templates import Names, Template
from facesnap_cli.common.errors import CredentialsError, UsageError
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.account_paths import with_account
from facesnap_cli.models.identity import Resource
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.wait import OperationProgress

if TYPE_CHECKING:
    from facesnap_cli.archives.images.sources import ImageSource


class BackupMethod(Protocol):
    """The method by which an item of a plan is backed up."""

    @property
    def item(self) -> PlanItem: ...

    def preview(self) -> Preview:
        """Return what `run` would do. Only reads. Raises what reading raises."""
        ...

    def run(self, progress: OperationProgress) -> ItemResult:
        """Back the item up. The result has the failure, if any."""
        ...

    def charges(self) -> Iterable[tuple[Account, OperationKind]]:
        """Return the takes and applies of `run`, as far as they are known before the first request."""
        ...

    def covers(self) -> list[Cover]:
        """Return how each target is covered. The error of a target that cannot be read is in its result."""
        ...

    def backups(self, survey: AccountSurvey) -> list[ListedBackup]:
        """Return the backups in the item's targets. Raises what reading raises."""
        ...


def methods_of(dependencies: Dependencies, plan: Plan) -> list[BackupMethod]:
    """Return the method of each item of a plan. Raises ConfigurationError if a profile lacks something.

    An item whose key cannot be had fails by itself.
    """
    sources: dict[tuple[ObjectType, str], list[Resource]] = {}
    for item in plan.items:
        resource = _source_resource(dependencies, plan, item)
        sources.setdefault((item.object_type, item.object_id), []).append(resource)
    methods: list[BackupMethod] = []
    times: dict[str | None, ServiceTime] = {}
    for item in plan.items:
        try:
            if item.method == "export":
                methods.append(_export(dependencies, plan, item, times))
            else:
                parameters = _copy_parameters(dependencies, plan, item)
                methods.append(SnapshotMethod(item, dependencies, parameters, sources))
        except CredentialsError as failure:  # nobody but this item's account is affected
            methods.append(UnusableMethod(item, failure))
    _check_accounts(dependencies, plan, [method for method in methods if isinstance(method, SnapshotMethod)])
    return methods


def _check_accounts(dependencies: Dependencies, plan: Plan, methods: Sequence[SnapshotMethod]) -> None:
    """Raise ConfigurationError if two profiles may lead to one account and could get copies of the same id there."""
    resources = {
        name.profile: with_account(dependencies.journal, target.account.resource)
        for method in methods
        for name, target in method.named_targets
    }
    rivals = {
        profile: [other for other in resources if other != profile and resource.compare(resources[other]).is_possible]
        for profile, resource in resources.items()
    }
    places: dict[tuple[str, ObjectType], Names[tuple[PlanItem, TargetName]]] = {}
    for method in methods:
        item = method.item
        for name, target in method.named_targets:
            for rival in rivals[name.profile]:
                other = places.setdefault((rival, item.object_type), Names()).owner_of(target.template)
                if other:
                    said = colliding(item, name, *other, plan.line(other[0], "to"))
                    error = UsageError(
                        f"{rival} may lead to the same account: {said}",
                        hint=f"set subscription_id in both profiles, or {APART}",
                    )
                    raise plan.wrong(item, "to", error)
            places.setdefault((name.profile, item.object_type), Names()).add(target.template, (item, name))


def _export(
    dependencies: Dependencies, plan: Plan, item: PlanItem, times: dict[str | None, ServiceTime]
) -> ExportMethod:
    """Return the method of an item by exports. `times` gives the items of one account one time of its service."""
    paths = [(target.template.text, target.template.name) for target in item.targets if target.template]
    if len(paths) < len(item.targets):
        raise plan.wrong(item, "to", UsageError("file: names no file", hint="write file:PATH"))

    def images() -> ImageSource | None:
        try:
            return image_source(plan.path.absolute().parent / item.images) if item.images else None
        except UsageError as error:
            raise plan.wrong(item, "images", error) from None

    account = source_of_item(dependencies, plan, item)
    asked = ServiceTime(account, dependencies, lambda: account.objects.exists(item.object_type, item.object_id))
    return ExportMethod(
        item,
        dependencies,
        account,
        tuple(Template(str(Path(text)), name) for text, name in paths),
        plan.path,
        times.setdefault(account.profile, asked),
        images,
    )


def _source_resource(dependencies: Dependencies, plan: Plan, item: PlanItem) -> Resource:
    """Return what is known of the account that an item is backed up from, without its key."""
    try:
        return with_account(dependencies.journal, dependencies.accounts.of_profile(item.source).resource)
    except UsageError as error:
        raise plan.wrong(item, "from", error) from None


def source_of_item(dependencies: Dependencies, plan: Plan, item: PlanItem) -> Account:
    """Return the account that an item is backed up from. Raises ConfigurationError if it lacks something."""
    try:
        return dependencies.accounts.usable(item.source)
    except UsageError as error:
        raise plan.wrong(item, "from", error) from None


def _copy_parameters(dependencies: Dependencies, plan: Plan, item: PlanItem) -> CopyParameters:
    source = source_of_item(dependencies, plan, item)
    try:
        return copy_between(
            dependencies,
            source,
            item.object_type,
            item.object_id,
            item.targets,
            verify=item.verify,
            keep_snapshot=item.keep_snapshot,
            max_age_s=item.max_age_s,
            plan=plan.path,
        )
    except UsageError as error:
        raise plan.wrong(item, "to", error) from None
