"""List the backups of a plan's items, of a directory, or all that the journal remembers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from facesnap_cli.backups.listing.listed_backup import ListedBackup, listed_from, newest_first
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.journal.backup_records import all_backups, backups_of
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.operations.dependencies import Dependencies

if TYPE_CHECKING:
    from facesnap_cli.backups.plans.plan import Plan, PlanItem


class ItemBackups(NamedTuple):
    """The backups of an item, newest first. `failure`: a target could not be asked, so records alone are shown."""

    item: PlanItem
    backups: Sequence[ListedBackup]
    failure: FacesnapError | None = None


def backups_of_plan(dependencies: Dependencies, plan: Plan, *, offline: bool = False) -> list[ItemBackups]:
    """Return the backups of every item of a plan. `offline` asks no target: the journal's records have to do.

    Besides what is in the item's targets, these are all recorded backups of its object, also those made by hand.
    Raises ConfigurationError if a profile lacks something.
    """
    if offline:
        return [ItemBackups(item, newest_first(_recorded(dependencies, item))) for item in plan.items]
    from facesnap_cli.backups.listing.account_survey import AccountSurvey
    from facesnap_cli.backups.plans.backup_methods import methods_of

    survey, found = AccountSurvey(dependencies.journal), list[ItemBackups]()
    for method in methods_of(dependencies, plan):
        recorded, failure = _recorded(dependencies, method.item), None
        try:
            asked = method.backups(survey)
        except FacesnapError as error:
            asked, failure = [], error
        known = {backup.record.id for backup in asked if backup.record}
        places = {backup.where for backup in asked}
        others = [each for each in recorded if each.record and each.record.id not in known and each.where not in places]
        found.append(ItemBackups(method.item, newest_first([*asked, *others]), failure))
    return found


def backups_of_item(dependencies: Dependencies, plan: Plan, name: str, *, offline: bool = False) -> ItemBackups | None:
    """Return the backups of one item of a plan, newest first; None if the plan has no such item."""
    from dataclasses import replace

    only = replace(plan, items=tuple(item for item in plan.items if item.name == name))
    return next(iter(backups_of_plan(dependencies, only, offline=offline)), None)


def recorded_backups(dependencies: Dependencies) -> list[ListedBackup]:
    """Return all backups that the journal remembers, newest first."""
    return newest_first([_with_file(record) for record in all_backups(dependencies.journal) if _is_listed(record)])


def _recorded(dependencies: Dependencies, item: PlanItem) -> list[ListedBackup]:
    """Return the recorded backups of an item's object."""
    from facesnap_cli.journal.account_paths import known_accounts
    from facesnap_cli.models.identity import ObjectIdentity

    resource = dependencies.accounts.resource_of(item.source)
    complete = known_accounts(dependencies.journal)
    identity = ObjectIdentity(complete(resource), item.object_type.value, item.object_id) if resource else None
    records = backups_of(dependencies.journal, item.object_type.value, item.object_id)
    return [
        _with_file(record, item.name)
        for record in records
        if _is_listed(record) and identity and record.source.compare(identity).is_certain
    ]


def _is_listed(record: BackupRecord) -> bool:
    return record.state is not BackupState.DELETED


def _with_file(record: BackupRecord, item: str | None = None) -> ListedBackup:
    """Return a recorded backup; an archive without its file is gone."""
    is_gone = record.target_resource is None and not Path(record.place).is_file()
    return listed_from(record, item, is_gone=is_gone)
