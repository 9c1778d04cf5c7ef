"""Find snapshots by what a user calls them, name the objects they are of, change and delete them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from facesnap_cli.common.errors import (
    FacesnapError,
    NotFoundError,
    OutcomeUnknownError,
    Unknown,
    UnreachableError,
    UsageError,
    naming,
)
from facesnap_cli.common.escape import counted
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.journal.account_paths import learn_accounts, resource_of_snapshot, with_account
from facesnap_cli.models.ids import find_by_prefix, is_guid
from facesnap_cli.models.snapshots import SNAPSHOT_LIFETIME, Snapshot

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.operations.dependencies import Dependencies
    from facesnap_cli.operations.parameters import UpdateParameters


class ListParameters(NamedTuple):
    """The filters of a list of snapshots."""

    object_type: ObjectType | None = None
    apply_scope: tuple[str, ...] = ()
    expires_within_s: float | None = None

    @property
    def is_everything(self) -> bool:
        return self == ListParameters()


def list_snapshots(dependencies: Dependencies, account: Account, parameters: ListParameters) -> list[Snapshot]:
    """Return the matching snapshots, oldest first."""
    snapshots = account.snapshots.list(object_type=parameters.object_type, apply_scope=parameters.apply_scope)
    if parameters.expires_within_s is not None:
        limit = account.service_clock.now() + timedelta(seconds=parameters.expires_within_s)
        snapshots = [each for each in snapshots if each.certain_created_time + SNAPSHOT_LIFETIME <= limit]
    return sorted((_with_object(dependencies, snapshot) for snapshot in snapshots), key=_created_time)


def find_snapshot(
    dependencies: Dependencies,
    account: Account,
    reference: str,
    object_type: ObjectType | None = None,
    *,
    to_change: bool = False,
) -> Snapshot:
    """Return the snapshot of this id, beginning of an id, or `latest`, of `object_type` if given.

    `to_change`: `latest` is then the newest that the account itself took, not one that others share with it. Raises
    NotFoundError for none, UsageError for several.
    """
    if is_guid(reference):
        snapshot = _get(account, reference)
        if object_type and snapshot.type.lower() != object_type.value.lower():
            raise NotFoundError(f"snapshot {reference} is of a {snapshot.type}, not of a {object_type.value}")
        return _with_object(dependencies, snapshot)
    snapshots = account.snapshots.list(object_type=object_type)
    if reference == "latest" and to_change:
        found = _newest_own(dependencies, account, snapshots)
    elif reference == "latest":
        found = max(reversed(snapshots), key=_certain_created_time, default=None)
    else:
        found = find_by_prefix(
            reference,
            lambda prefix: [each for each in snapshots if each.id.startswith(prefix)],
            "snapshots",
        )
    if found is None:
        kind = f"{object_type.value} snapshot" if object_type else "snapshot"
        which = "" if reference == "latest" else f" whose id begins with {reference}"
        raise NotFoundError(
            f"there is no {kind}{which}",
            hint=Hint(command("list"), " shows those that this key may see"),
            unknown=Unknown("snapshot", reference),
        )
    return _with_object(dependencies, found)


def find_snapshots(
    dependencies: Dependencies, account: Account, references: Sequence[str], object_type: ObjectType | None
) -> tuple[list[Snapshot], list[FacesnapError]]:
    """Return the snapshots to delete that the references name, each once, and an error for each full id that is gone.

    So a deletion that stopped half way can be run again. Raises like `find_snapshot` for any other reference.
    """
    found: dict[str, Snapshot] = {}
    gone: list[FacesnapError] = []
    for reference in references:
        try:
            snapshot = find_snapshot(dependencies, account, reference, object_type, to_change=True)
            found[snapshot.id] = snapshot
        except NotFoundError as failure:
            if "httpStatus" not in failure.details:
                raise
            gone.append(failure)
    if gone and not found:
        raise gone[0]
    return list(found.values()), gone


def _newest_own(dependencies: Dependencies, account: Account, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the newest snapshot that the account took. Raises UsageError if that is not certain of the newest one."""
    journal = dependencies.journal
    learn_accounts(journal, snapshots)
    own = with_account(journal, account.resource)
    for snapshot in sorted(snapshots, key=_certain_created_time, reverse=True):
        sameness = resource_of_snapshot(journal, snapshot).compare(own)
        if sameness.is_certain:
            return snapshot
        if sameness.is_possible:
            raise UsageError(
                f"the newest snapshot, {snapshot.id}, may be another account's of the same subscription",
                hint=Hint("name the snapshot by its id; ", command("list"), " shows them"),
            )
    return None


def described(snapshot: Snapshot, now: datetime) -> str:
    """Return a snapshot in words: what it is of, and how old. `now` is the service's time."""
    words = f"snapshot {snapshot.id} of {snapshot.type} {snapshot.object_id or '(object not known)'}"
    if snapshot.created_time is None:
        return words
    age_s = max(0.0, (now - snapshot.created_time).total_seconds())
    return f"{words}, taken {format_duration(age_s)} ago"


def _get(account: Account, snapshot_id: str) -> Snapshot:
    try:
        return account.snapshots.get(snapshot_id)
    except NotFoundError as error:
        error.hint = error.hint or Hint(
            "it may have expired (48 h after it was taken), been deleted, or not have this subscription in its scope; ",
            command("list"),
            " shows what there is",
        )
        error.unknown = Unknown("snapshot", snapshot_id)
        with suppress(FacesnapError):
            if account.snapshots.operation(snapshot_id, retry=False):
                from facesnap_cli.journal.known_ids import it_is

                error.hint = it_is("an operation", "snapshot", command("wait", snapshot_id))
        raise


def change_snapshot(
    dependencies: Dependencies, account: Account, snapshot: Snapshot, parameters: UpdateParameters
) -> Snapshot:
    """Change a snapshot and return it as the service has it then. Raises UsageError for a change of nothing."""
    scope = parameters.apply_scope
    if parameters.add or parameters.remove:
        removed = {entry.lower() for entry in parameters.remove}
        absent = removed - {entry.lower() for entry in snapshot.apply_scope}
        if absent:
            raise UsageError(f"{', '.join(sorted(absent))} is not in the snapshot's apply scope")
        kept = [entry for entry in snapshot.apply_scope if entry.lower() not in removed]
        have = {entry.lower() for entry in kept}
        scope = (*kept, *(entry for entry in parameters.add if entry.lower() not in have))
    try:
        account.snapshots.update(snapshot.id, apply_scope=scope, user_data=parameters.user_data)
    except OutcomeUnknownError as error:
        error.hint = Hint(command("show", snapshot.id), " tells whether it was changed")
        raise
    try:
        return _with_object(dependencies, account.snapshots.get(snapshot.id))
    except UnreachableError:  # the change succeeded, although the snapshot cannot be read
        user_data = snapshot.user_data if parameters.user_data is None else parameters.user_data
        return snapshot._replace(apply_scope=snapshot.apply_scope if scope is None else scope, user_data=user_data)


def delete_snapshots(
    account: Account, snapshots: Sequence[Snapshot], gone: Sequence[FacesnapError], *, dry_run: bool
) -> tuple[list[Snapshot], FacesnapError | None]:
    """Delete the snapshots, all that can be. Return those deleted, and what went wrong, with those `gone` before.

    `dry_run` only acts as if.
    """
    from facesnap_cli.operations.batch_errors import combined

    deleted: list[Snapshot] = []
    results: list[tuple[str, FacesnapError | None]] = [(failure.subject, failure) for failure in gone]
    for snapshot in snapshots:
        try:
            if not dry_run:
                with naming(snapshot.id):
                    account.snapshots.delete(snapshot.id)
        except FacesnapError as failure:
            results.append((snapshot.id, failure))
        else:
            results.append((snapshot.id, None))
            deleted.append(snapshot)
    return deleted, combined(results, "snapshots")


def deletion_in_words(number: int, *, dry_run: bool) -> str:
    """Return what was done to so many snapshots, or would be."""
    snapshots = counted(number, "snapshot")
    return f"would delete {snapshots} (nothing was deleted)" if dry_run else f"deleted {snapshots}"


def _with_object(dependencies: Dependencies, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with the object that it was taken from, if its tag or the journal knows it."""
    return snapshot if snapshot.object_id else snapshot._replace(object_id=dependencies.object_of(snapshot.id))


def _created_time(snapshot: Snapshot) -> datetime:
    return snapshot.created_time or datetime.min.replace(tzinfo=UTC)


def _certain_created_time(snapshot: Snapshot) -> datetime:
    return snapshot.certain_created_time
