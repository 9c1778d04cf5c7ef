"""Choose the backup to restore: the newest good one of an item at or before a moment, or one that is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.backups.copies.copy_changes import flaw_of_copy
from facesnap_cli.backups.listing.backup_list import backups_of_item
from facesnap_cli.backups.listing.listed_backup import GONE, ListedBackup, Standing
from facesnap_cli.backups.plans.plan import Plan, PlanItem, read_plan
from facesnap_cli.common.errors import ConfigurationError, FacesnapError, NotFoundError, Unknown, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.config.paths import user_path
from facesnap_cli.journal.backup_records import backup_at
from facesnap_cli.journal.run_records import remembered_plans
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.dependencies import Dependencies

_MOST_NAMED = 3


class Choice(NamedTuple):
    """A backup to restore: an archive's path, or a copy's profile and id. `why` says how, unless it was named.

    `profile` and `object_id` are those of the object that it is a backup of, as far as they are known.
    """

    archive: Path | None
    copy_profile: str | None
    copy_id: str
    object_type: ObjectType | None
    profile: str | None
    object_id: str | None
    why: str

    @property
    def where(self) -> str:
        """Its place as commands take it."""
        return str(self.archive) if self.archive else f"{self.copy_profile}:{self.copy_id}"


def moment_of(text: str) -> datetime:
    """Return the moment that a `--at` names; a date means the end of that day, UTC. Raises UsageError."""
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d")
        return datetime.combine(day, time.max, UTC)
    except ValueError:
        moment = parse_time(text.strip()) or _with_offset(text.strip())
    if moment is None:
        raise UsageError(f"--at {harmless(text)[:40]}: not a time", hint="write 2026-11-24 or 2026-11-24T02:15:00Z")
    return moment


def _with_offset(text: str) -> datetime | None:
    """Return the moment of a time with an offset from UTC, such as 2026-11-24T02:15+01:00; None for other texts."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def choose(
    dependencies: Dependencies, text: str, *, plan: Path | None, at: datetime | None, needs_images: bool
) -> Choice:
    """Return the backup that an argument stands for.

    With a slash, or with the ending .facesnap, it is an archive, with a colon a copy, otherwise an item of a plan.
    Raises NotFoundError without a good backup.
    """
    is_archive = "/" in text or text.endswith(".facesnap")
    if (is_archive or ":" in text) and (plan or at):
        raise UsageError(f"--plan and --at choose among the backups of an item, and {harmless(text)} is one backup")
    if is_archive:
        return Choice(user_path(text).absolute(), None, "", None, None, None, "")
    if ":" in text:
        if needs_images:
            raise UsageError(f"--into and --person need an archive with images, and {harmless(text)} is a copy")
        return _named_copy(dependencies, text)
    return _of_item(dependencies, text, plan, at, needs_images=needs_images)


def _named_copy(dependencies: Dependencies, text: str) -> Choice:
    profile, _, object_id = text.partition(":")
    account = dependencies.accounts.usable(profile)
    record = backup_at(dependencies.journal, object_id, dependencies.known_resource(account))
    if record:
        if flaw := flaw_of_copy(account, record):
            dependencies.reporter.warn(f"{harmless(text)} {flaw}")
        kind, source = ObjectType(record.source.object_type), record.source
        return Choice(None, profile, object_id, kind, source.resource.profile, source.object_id, "")
    found = [kind for kind in ObjectType if account.objects.exists(kind, object_id)]
    if not found:
        raise NotFoundError(f"{profile} has no object {harmless(object_id)}")
    if len(found) > 1:
        raise UsageError(
            f"{text} is {' and '.join(found)}", hint=Hint("choose one: ", command("copy", "--type", found[0]), " …")
        )
    return Choice(None, profile, object_id, found[0], None, object_id, "")


def _of_item(
    dependencies: Dependencies, name: str, path: Path | None, at: datetime | None, *, needs_images: bool
) -> Choice:
    plan, item = _item(dependencies, name, path)
    found = backups_of_item(dependencies, plan, name)
    backups = list(found.backups) if found else []
    if found and found.failure:
        dependencies.warn_of(found.failure)
    passed: list[str] = []
    for backup in backups:
        if at and (backup.taken_time is None or backup.taken_time > at):
            continue
        if flaw := _flaw(dependencies, backup, needs_images=needs_images):
            passed.append(f"{backup.where} {flaw}")
            continue
        until = f" at or before {format_time(at)}" if at else ""
        taken = f"taken {backup.taken_time:%Y-%m-%d %H:%M} UTC"
        why = f"the newest good backup of {name}{until}, {taken}{_passed_over(passed)}"
        return Choice(
            backup.path if backup.is_archive else None,
            backup.profile,
            backup.place,
            item.object_type,
            item.source,
            item.object_id,
            why,
        )
    when = f" at or before {format_time(at)}" if at else ""
    images = " with images" if needs_images else ""
    raise NotFoundError(
        f"there is no good backup{images} of {name}{when}{_passed_over(passed)}",
        resume=command("backups", plan.path.absolute()),
        details={"item": name},
    )


def _flaw(dependencies: Dependencies, backup: ListedBackup, *, needs_images: bool) -> str:
    """Return why a backup cannot be restored, as the predicate of a sentence; empty if it can.

    A copy is compared with what was recorded of it.
    """
    if backup.standing is not Standing.GOOD or backup.taken_time is None:
        return backup.reason or f"is {backup.standing.value}"
    if needs_images and not backup.is_archive:
        return "is a copy, without images"
    if backup.is_archive or backup.record is None:
        return ""
    try:
        return flaw_of_copy(dependencies.accounts.usable(backup.profile), backup.record)
    except NotFoundError:
        return GONE
    except FacesnapError as error:
        return f"could not be looked at: {error.message}"


def _passed_over(passed: Sequence[str]) -> str:
    if not passed:
        return ""
    more = f" and {len(passed) - _MOST_NAMED} more" if len(passed) > _MOST_NAMED else ""
    return f"; passed over: {'; '.join(passed[:_MOST_NAMED])}{more}"


def _item(dependencies: Dependencies, name: str, path: Path | None) -> tuple[Plan, PlanItem]:
    """Return an item and its plan: of the plan in a file, or of the only remembered plan that has such an item."""
    paths = [path] if path else [Path(known) for known in remembered_plans(dependencies.journal)]
    found = list[tuple[Plan, PlanItem]]()
    for each in paths:
        try:
            plan = read_plan(each)
        except ConfigurationError as error:
            if path:
                raise
            dependencies.reporter.warn(error.message)
            continue
        found += [(plan, item) for item in plan.items if item.name == name]
    if not found:
        where = f"{path} has" if path else "the plans that ran on this machine have"
        raise NotFoundError(
            f"{where} no item {harmless(name)}",
            hint="" if path else Hint("name the plan with --plan, an archive by its path, or a copy as PROFILE:ID"),
            unknown=Unknown("item", name),
        )
    if len(found) > 1:
        plans = ", ".join(str(plan.path) for plan, _ in found)
        raise UsageError(f"several plans have an item {harmless(name)}: {plans}", hint="choose one with --plan")
    return found[0]
