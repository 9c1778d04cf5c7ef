"""Find the results of operations whose responses were lost, without sending anything twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from facesnap_cli.common.clock import CLOCK_SKEW
from facesnap_cli.common.errors import FacesnapError, NotFoundError, OutcomeUnknownError, VerificationError
from facesnap_cli.common.hints import NO_COMMAND, Hint, command
from facesnap_cli.journal.account_paths import learn_accounts, resource_of_snapshot, with_account
from facesnap_cli.journal.store import Journal, digest
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.operations import GIVE_UP_AFTER, Operation, OperationKind, OperationState
from facesnap_cli.models.snapshots import ProvenanceTag, Snapshot
from facesnap_cli.operations.parameters import VerifyLevel
from facesnap_cli.operations.verify import Place, check_copy, describe

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.identity import Resource, Sameness
    from facesnap_cli.operations.dependencies import Dependencies


def recover_result(dependencies: Dependencies, account: Account, operation: Operation) -> Operation:
    """Look for the result of an operation that has no id, or one that the service has forgotten.

    A take is recognized by the tag in its snapshot's user data, or by user data that no other take has; an apply
    by its target object, which did not exist before, and is what its source is. Only reads. Returns the operation as
    it is known now, `unknown` if there is no trace. Raises what reading raises.
    """
    journal, now = dependencies.journal, dependencies.clock.now()
    if operation.state is OperationState.INTENDED:
        is_being_sent = journal.is_being_sent(operation)
        # Read only now: its process may have written the response down, and ended, since `operation` was read.
        recorded = journal.find(operation.intent)
        if recorded is None:
            return operation.abandoned("the service refused it", now)
        if is_being_sent or recorded.state is not OperationState.INTENDED:
            return recorded
    if operation.kind is OperationKind.TAKE:
        snapshot = find_trace(dependencies, account, operation)
        if snapshot:
            return journal.save(operation.adopted(f"/snapshots/{snapshot.id}", snapshot.created_time, now))
    elif account.objects.exists(ObjectType(operation.object_type), operation.object_id):
        location = f"/{operation.object_type.lower()}/{operation.object_id}"
        try:
            compared = _is_like_its_source(dependencies, account, operation)
        except VerificationError as difference:
            why = f"no answer came, and somebody else seems to have made the object: {difference.message}"
            return journal.save(operation.abandoned(why, now))
        doubt = None if compared else "its answer was lost; the object was found, but not compared with its source"
        return journal.save(operation.adopted(location, None, now, doubt))
    # A clock that is wrong now, or was wrong then, must not make the operation older than it is.
    if min(now, account.service_clock.now()) - operation.intended_time > GIVE_UP_AFTER[operation.kind]:
        why = "the service has forgotten it" if operation.operation_id else "no answer came"
        return journal.save(operation.abandoned(f"{why}, and no result appeared: it counts as never started", now))
    if operation.state is OperationState.UNKNOWN:
        return operation
    if operation.operation_id:
        return journal.save(operation.lost("the service does not know the operation (any more)", now))
    return journal.save(operation.lost("the program ended before the service's answer came", now))


def _is_like_its_source(dependencies: Dependencies, account: Account, operation: Operation) -> bool:
    """Return whether the object of an apply could be compared. Raises VerificationError if it differs."""
    made = Place(account, ObjectType(operation.object_type), operation.object_id)
    try:
        take = dependencies.journal.take_of(operation.snapshot_id or "")
        if take is None or not take.object_id:
            return False
        source = Place(dependencies.accounts.of_operation(take), made.object_type, take.object_id)
        original = describe(source.account, source.object_type, source.object_id, VerifyLevel.QUICK)
    except FacesnapError:  # the source may have gone, or be out of reach
        return False
    check_copy(original, describe(account, made.object_type, made.object_id, VerifyLevel.QUICK), source, made)
    return True


def result_unknown(operation: Operation) -> FacesnapError:
    """Return the error for an operation that is unknown after it was polled."""
    details: dict[str, object] = {"intent": operation.intent, "objectId": operation.object_id}
    if operation.operation_id:
        return NotFoundError(
            f"{operation.title}: the service does not know operation {operation.operation_id}, nor is a result visible",
            hint=Hint.joined(("check --profile: it may be another account's", _way_out(operation))),
            details=details | {"operationId": operation.operation_id},
        )
    return OutcomeUnknownError(
        f"{operation.title}: it is not known whether the service started it; no result is visible so far",
        hint=Hint.joined((no_mark(operation), _way_out(operation))),
        resume=command("wait", operation.intent[:8]) if operation.is_recognizable else NO_COMMAND,
        details=details,
    )


def no_mark(operation: Operation) -> Hint:
    """Return what to do if nothing marks the snapshot of a lost take; empty if something does."""
    if operation.is_recognizable:
        return Hint()
    return Hint("nothing marks its snapshot (--no-tag, or empty user data): look for it with ", command("list"))


def _way_out(operation: Operation) -> str:
    hours = GIVE_UP_AFTER[operation.kind] // timedelta(hours=1)
    by_hand = operation.kind is OperationKind.TAKE and operation.job is None  # a copy takes another by itself
    now = "take --force takes another, and " if by_hand else ""
    return f"{now}{hours} h after its start it no longer blocks a new one"


def find_trace(dependencies: Dependencies, account: Account, operation: Operation) -> Snapshot | None:
    """Return the snapshot that a take made, recognized by its tag, or by user data that no other take has.

    User data alone recognizes a snapshot only if it is certainly of the take's account: a list shows the snapshots of
    all accounts of a subscription.
    """
    journal = dependencies.journal
    snapshots = account.snapshots.list()  # of any type: each may show whose account this is
    for snapshot in snapshots:
        tag = ProvenanceTag.parse(snapshot.user_data)
        if tag and tag.intent == operation.intent:
            return snapshot
    if operation.tagged or not operation.user_data_digest or journal.has_rival(operation):
        return None
    learn_accounts(journal, snapshots)
    own = with_account(journal, account.resource)
    earliest = account.service_clock.from_local(operation.intended_time) - CLOCK_SKEW
    candidates = [
        snapshot
        for snapshot in snapshots
        if snapshot.type.lower() == operation.object_type.lower()
        and digest(snapshot.user_data) == operation.user_data_digest
        and snapshot.certain_created_time >= earliest
        and journal.object_of(snapshot.id) is None
    ]
    possible = [(each, same) for each in candidates if (same := _taken_in(journal, each, own)).is_possible]
    for snapshot, sameness in possible:
        if not sameness.is_certain:
            dependencies.note_once(
                f"snapshot {snapshot.id} has the user data of {operation.title}, but it is not known whether"
                f" {snapshot.account or 'its account'} is the account of {account.profile or account.endpoint}"
            )
    return possible[0][0] if len(possible) == 1 and possible[0][1].is_certain else None


def _taken_in(journal: Journal, snapshot: Snapshot, account: Resource) -> Sameness:
    return resource_of_snapshot(journal, snapshot).compare(account)
