"""List the backups of a plan's items, of a directory, or all that the journal remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from facesnap_cli.backups.listing.listed_backup import GONE, ListedBackup, Standing, listed_from, newest_first
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.hints import NO_COMMAND, Command, command
from facesnap_cli.common.time_format import format_duration, format_time
from facesnap_cli.journal.backup_records import all_backups, backups_of
from facesnap_cli.journal.run_records import remembered_plans
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Resource
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.dependencies import Dependencies

if TYPE_CHECKING:
    from facesnap_cli.backups.listing.account_survey import AccountSurvey
    from facesnap_cli.backups.plans.plan import Plan, PlanItem


class ItemBackups(NamedTuple):
    """The backups of an item, newest first. `failure`: a target could not be asked, so records alone are shown."""

    item: PlanItem
    backups: Sequence[ListedBackup]
    failure: FacesnapError | None = None


class Listing(NamedTuple):
    """Backups, newest first, and the items of `plans` without any. `failure`: some targets could not be asked."""

    backups: Sequence[ListedBackup]
    plans: Sequence[Plan] = ()
    without: Sequence[PlanItem] = ()
    failure: FacesnapError | None = None

    def documents(self) -> list[dict[str, object]]:
        """Return the JSON form: one document for each backup, and one for each item without a backup."""
        return [*(backup.document() for backup in self.backups), *map(_document_without, self.without)]

    def notes(self, now: datetime) -> list[str]:
        """Return the totals in a line."""
        if not self.backups:
            return []
        items = {backup.item for backup in self.backups} | {item.name for item in self.without}
        there = [backup for backup in self.backups if backup.standing is not Standing.GONE]
        newest = max((backup.taken_time for backup in there if backup.taken_time), default=None)
        age = f", the newest {format_duration((now - newest).total_seconds())} old" if newest else ""
        return [f"{_counted(len(items), 'item')}, {_counted(len(there), 'backup')}{age}"]

    def restore_command(self) -> Command:
        """Return the command that restores the newest good backup of this list; empty without one."""
        good = next((backup for backup in self.backups if backup.standing is Standing.GOOD), None)
        if good is None:
            return NO_COMMAND
        if self.plans and good.item and good.plan:
            return command("restore", good.item, "--plan", good.plan, "--at", format_time(good.taken_time))
        return command("restore", good.where)


def list_backups(dependencies: Dependencies, place: Path | None, *, offline: bool = False) -> Listing:
    """Return the backups of the plan in a file, the archives in a directory, or all that the journal remembers.

    Raises ConfigurationError for a wrong plan.
    """
    from facesnap_cli.backups.plans.plan import read_plan

    if place is None:
        return _remembered(dependencies, offline=offline)
    if place.is_dir():
        return Listing(archives_in(dependencies, place))
    plan = read_plan(place)
    return _listing([plan], backups_of_plan(dependencies, plan, offline=offline))


def _remembered(dependencies: Dependencies, *, offline: bool) -> Listing:
    from facesnap_cli.backups.plans.plan import read_plan

    found = list[ItemBackups]()
    plans: list[Plan] = []
    for path in remembered_plans(dependencies.journal):
        try:
            plan = read_plan(Path(path))
            found += backups_of_plan(dependencies, plan, offline=offline)
            plans.append(plan)
        except FacesnapError as error:  # a plan that was moved or edited; what it made is recorded
            dependencies.reporter.warn(f"{error.message}; its backups are shown as they are recorded")
    listing = _listing(plans, found)
    shown = {backup.record.id for backup in listing.backups if backup.record}
    others = [each for each in recorded_backups(dependencies) if each.record and each.record.id not in shown]
    if not (offline or listing.failure):
        from facesnap_cli.backups.listing.account_survey import AccountSurvey

        survey = AccountSurvey(dependencies.journal)
        others = [_asked(dependencies, survey, backup) for backup in others]
    return listing._replace(backups=newest_first([*listing.backups, *others]))


def _listing(plans: Sequence[Plan], found: Sequence[ItemBackups]) -> Listing:
    backups = {backup.where: backup for each in reversed(found) for backup in each.backups}
    without = [each.item for each in found if not each.backups and not each.failure]
    failure = combined([(each.item.name, each.failure) for each in found], "items")
    return Listing(newest_first(list(backups.values())), plans, without, failure)


def archives_in(dependencies: Dependencies, directory: Path) -> list[ListedBackup]:
    """Return the archives in a directory, newest first, by their heads and records."""
    from facesnap_cli.backups.listing.found_archive import found_archive

    records = {record.id: record for record in all_backups(dependencies.journal)}
    paths = sorted(path for path in directory.iterdir() if path.suffix == ".facesnap" and path.is_file())
    return newest_first([listed for path in paths if (listed := found_archive(path, records))])


def _document_without(item: PlanItem) -> dict[str, object]:
    names = ListedBackup(item.name, item.method, ObjectIdentity(Resource(""), item.object_type.value, item.object_id))
    return {**names.document(), "where": None, "target": None, "standing": "notCovered", "origin": None}


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def backups_of_plan(
    dependencies: Dependencies, plan: Plan, *, offline: bool = False, names: frozenset[str] = frozenset()
) -> list[ItemBackups]:
    """Return the backups of every item of a plan. `offline` asks no target: the journal's records have to do.

    Besides what is in the item's targets, these are all recorded backups of its object, also those made by hand, but
    not those that another item made: `names` are the items of the whole plan, if `plan` has only some of them.
    Raises ConfigurationError if a profile lacks something.
    """
    names = names or frozenset(item.name for item in plan.items)
    if offline:
        return [ItemBackups(item, newest_first(_recorded(dependencies, item, names))) for item in plan.items]
    from facesnap_cli.backups.listing.account_survey import AccountSurvey
    from facesnap_cli.backups.plans.backup_methods import methods_of

    survey, found = AccountSurvey(dependencies.journal), list[ItemBackups]()
    for method in methods_of(dependencies, plan):
        recorded, failure = _recorded(dependencies, method.item, names), None
        try:
            asked = method.backups(survey)
        except FacesnapError as error:
            asked, failure = [], error
        known = {backup.record.id for backup in asked if backup.record}
        places = {backup.where for backup in asked}
        others = [each for each in recorded if each.record and each.record.id not in known and each.where not in places]
        if not failure:
            others = [_asked(dependencies, survey, backup) for backup in others]
        found.append(ItemBackups(method.item, newest_first([*asked, *others]), failure))
    return found


def backups_of_item(dependencies: Dependencies, plan: Plan, name: str, *, offline: bool = False) -> ItemBackups | None:
    """Return the backups of one item of a plan, newest first; None if the plan has no such item."""
    from dataclasses import replace

    only = replace(plan, items=tuple(item for item in plan.items if item.name == name))
    names = frozenset(item.name for item in plan.items)
    return next(iter(backups_of_plan(dependencies, only, offline=offline, names=names)), None)


def recorded_backups(dependencies: Dependencies) -> list[ListedBackup]:
    """Return all backups that the journal remembers, newest first."""
    return newest_first([_with_file(record) for record in all_backups(dependencies.journal) if _is_listed(record)])


def _recorded(dependencies: Dependencies, item: PlanItem, names: frozenset[str]) -> list[ListedBackup]:
    """Return the recorded backups of an item's object, without those of the other items in `names`.

    If the item's profile is not configured, its name has to do.
    """
    from facesnap_cli.journal.account_paths import known_accounts

    resource = dependencies.accounts.resource_of(item.source)
    complete = known_accounts(dependencies.journal)
    identity = ObjectIdentity(complete(resource), item.object_type.value, item.object_id) if resource else None
    records = backups_of(dependencies.journal, item.object_type.value, item.object_id)
    return [
        _with_file(record, item.name)
        for record in records
        if _is_listed(record)
        and (record.item == item.name or record.item not in names)
        and (record.source.compare(identity).is_certain if identity else record.item == item.name)
    ]


def _is_listed(record: BackupRecord) -> bool:
    return record.state is not BackupState.DELETED


def _with_file(record: BackupRecord, item: str | None = None) -> ListedBackup:
    """Return a recorded backup; an archive without its file is gone."""
    is_gone = record.target_resource is None and not Path(record.place).is_file()
    return listed_from(record, item, is_gone=is_gone)


def _asked(dependencies: Dependencies, survey: AccountSurvey, backup: ListedBackup) -> ListedBackup:
    """Return a recorded backup after its account was asked whether it has the copy. An archive stays as it is."""
    if backup.is_archive or backup.record is None or backup.record.target_resource is None:
        return backup
    try:
        account = dependencies.accounts.usable(backup.profile)
        if not backup.record.target_resource.compare(dependencies.known_resource(account)).is_certain:
            reason = f"is in another account than that of the profile {backup.profile} now"
            return backup._replace(standing=Standing.UNVERIFIED, reason=reason)
        if backup.place in survey.names(account, ObjectType(backup.source.object_type)):
            return backup
    except FacesnapError as error:
        return backup._replace(standing=Standing.UNVERIFIED, reason=f"could not be looked for: {error.message}")
    return backup._replace(standing=Standing.GONE, reason=GONE)
