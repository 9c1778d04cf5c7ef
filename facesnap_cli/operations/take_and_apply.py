"""Start a take or an apply so that it can always be found again: intent, request, id."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from facesnap_cli.common.errors import (
    ConflictError,
    FacesnapError,
    Interruption,
    NotFoundError,
    OutcomeUnknownError,
    naming,
)
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.journal.account_paths import learn_accounts, resource_of_snapshot, with_account
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.store import Journal, JournalError, digest
from facesnap_cli.models.operations import Job, Operation, OperationKind, OperationState
from facesnap_cli.models.snapshots import ProvenanceTag, Snapshot
from facesnap_cli.operations.find_snapshots import described
from facesnap_cli.operations.lost_responses import no_mark, result_unknown
from facesnap_cli.operations.quota import quota
from facesnap_cli.operations.wait import Waiter

if TYPE_CHECKING:
    from facesnap_cli.common.clock import Clock
    from facesnap_cli.common.reporter import Reporter
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.operations.dependencies import Dependencies
    from facesnap_cli.operations.parameters import ApplyParameters, TakeParameters


def take_or_reuse(dependencies: Dependencies, account: Account, parameters: TakeParameters) -> Operation:
    """Return the take of a young enough snapshot, with a note that it is used again, or start a take.

    Raises like `start_take`.
    """
    snapshot = _young_snapshot(dependencies, account, parameters)
    if snapshot is None:
        return start_take(dependencies, account, parameters)
    dependencies.reporter.note(f"{described(snapshot, account.service_clock.now())} is young enough: nothing is taken")
    return _take_of(dependencies, account, parameters, snapshot)


def reusable_take(dependencies: Dependencies, account: Account, parameters: TakeParameters) -> Operation | None:
    """Return the take of a snapshot younger than `max_age_s`, of the same object, with wide enough a scope."""
    snapshot = _young_snapshot(dependencies, account, parameters)
    return _take_of(dependencies, account, parameters, snapshot) if snapshot else None


def start_take(
    dependencies: Dependencies, account: Account, parameters: TakeParameters, *, job: Job | None = None
) -> Operation:
    """Start a take and return it, or the finished take of an earlier run whose response was lost.

    Without user data the provenance tag is written there, unless `tag` is False. Raises ConflictError if the same
    take is open and `force` is False, OutcomeUnknownError if no response came: never send it again.
    """
    object_type, object_id, user_data = parameters.object_type, parameters.object_id, parameters.user_data
    journal, force = dependencies.journal, parameters.force
    operation = intended(
        dependencies, account, OperationKind.TAKE, object_type, object_id, owner=journal.owner(), job=job
    )
    earlier = None if force else _open_earlier(dependencies, operation)
    if earlier and _matches(account, earlier, parameters):
        return earlier
    if earlier:
        dependencies.reporter.warn(
            f"an earlier take made snapshot {earlier.snapshot_id}, of another scope or user data; this is another take"
        )
    _check_quota(dependencies, account, OperationKind.TAKE)
    tagged = parameters.tag and user_data is None
    if tagged:
        user_data = ProvenanceTag(object_id, operation.intent).format()
    return _submit(
        dependencies,
        operation._replace(tagged=tagged, user_data_digest=digest(user_data)),
        lambda: account.snapshots.take(
            object_type=object_type, object_id=object_id, apply_scope=parameters.apply_scope, user_data=user_data
        ),
        force=force,
    )


def start_apply(
    dependencies: Dependencies, account: Account, parameters: ApplyParameters, *, job: Job | None = None
) -> Operation:
    """Start an apply to the account and return it, or the finished apply of an earlier run whose response was lost.

    Raises NotFoundError for an expired snapshot, ConflictError if the target exists or the same apply is open,
    OutcomeUnknownError if no response came: never send it again.
    """
    journal, snapshot = dependencies.journal, parameters.snapshot
    object_type, object_id = parameters.object_type, parameters.object_id
    apply = intended(dependencies, account, OperationKind.APPLY, object_type, object_id, owner=journal.owner(), job=job)
    operation = apply._replace(snapshot_id=snapshot.id)
    earlier = _open_earlier(dependencies, operation)
    if earlier and earlier.snapshot_id == snapshot.id:
        return earlier
    _check_expiry(dependencies, account, snapshot, estimate_s(journal, operation))
    if account.objects.exists(object_type, object_id):
        raise ConflictError(
            f"{object_type.value} {object_id} exists in {account.profile or 'the target'} already;"
            " an apply only creates new objects",
            hint="choose another --object-id",
            details={"objectId": object_id, "snapshotId": snapshot.id},
        )
    _check_quota(dependencies, account, OperationKind.APPLY)
    return _submit(
        dependencies,
        operation,
        lambda: account.snapshots.apply(snapshot.id, object_id=object_id, mode=parameters.mode),
    )


def resume_or_start_apply(dependencies: Dependencies, account: Account, parameters: ApplyParameters) -> Operation:
    """Return this account's own apply of the snapshot to the object, or start one. Raises like `start_apply`."""
    own = resumable_apply(dependencies, account, parameters)
    return own or start_apply(dependencies, account, parameters)


def resumable_apply(dependencies: Dependencies, account: Account, parameters: ApplyParameters) -> Operation | None:
    """Return this account's own apply of the snapshot to the object, under way or done while the object is there."""
    object_type, object_id = parameters.object_type, parameters.object_id
    known = dependencies.journal.applies_to(account.resource, object_type.value, object_id)
    own = next(
        (apply for apply in known if apply.snapshot_id == parameters.snapshot.id and not apply.failed_or_abandoned),
        None,
    )
    if own is None or (own.state.is_open and own.operation_id is None):
        return None  # starting the next one recovers the result of one without an id, or is refused
    return own if own.state.is_open or account.objects.exists(object_type, object_id) else None


def intended(
    dependencies: Dependencies,
    account: Account,
    kind: OperationKind,
    object_type: ObjectType,
    object_id: str,
    *,
    owner: str,
    job: Job | None = None,
) -> Operation:
    """Return an operation that is about to be sent to an account; `owner` is empty for one that was only found."""
    return Operation.intended(
        kind,
        profile=account.profile,
        endpoint=account.endpoint,
        subscription_id=account.subscription_id,
        key_digest=account.resource.key_digest,
        object_type=object_type.value,
        object_id=object_id,
        owner=owner,
        now=dependencies.clock.now(),
        job=job,
    )


def _young_snapshot(dependencies: Dependencies, account: Account, parameters: TakeParameters) -> Snapshot | None:
    """Return the newest snapshot that is as good as a new one; None if there is none, or without `max_age_s`.

    User data that is given must be the snapshot's. The snapshot must certainly be of this object. A list shows the
    snapshots of all accounts of a subscription, and those that others share; a tag names only the object's id.
    """
    if parameters.max_age_s is None:
        return None
    journal = dependencies.journal
    scope = {entry.lower() for entry in parameters.apply_scope}
    listed = account.snapshots.list()  # of any type: each may show whose account this is
    oldest = account.service_clock.now() - timedelta(seconds=parameters.max_age_s)
    learn_accounts(journal, listed)
    own = with_account(journal, account.resource)
    fitting = [
        snapshot
        for snapshot in listed
        if snapshot.type.lower() == parameters.object_type.value.lower()
        and parameters.object_id == (journal.object_of(snapshot.id) or snapshot.object_id)
        and snapshot.certain_created_time >= oldest
        and scope <= {entry.lower() for entry in snapshot.apply_scope}
        and parameters.user_data in (None, snapshot.user_data)
    ]
    for snapshot in sorted(fitting, key=lambda snapshot: snapshot.certain_created_time, reverse=True):
        sameness = resource_of_snapshot(journal, snapshot).compare(own)
        if sameness.is_certain:
            return snapshot
        if sameness.is_possible:
            dependencies.note_once(
                f"{described(snapshot, account.service_clock.now())} is not used again: it is not known whether"
                f" {snapshot.account or 'its account'} is the account of {account.profile or account.endpoint}"
                " (a snapshot that this machine takes there will show it)"
            )
    return None


def _take_of(dependencies: Dependencies, account: Account, parameters: TakeParameters, snapshot: Snapshot) -> Operation:
    """Return the take of a snapshot. One that another machine took is entered into the journal as adopted."""
    known = dependencies.journal.take_of(snapshot.id)
    if known and known.resource.compare(account.resource).is_certain:
        return known
    found = intended(dependencies, account, OperationKind.TAKE, parameters.object_type, parameters.object_id, owner="")
    location = f"/snapshots/{snapshot.id}"
    return dependencies.journal.add(found.adopted(location, snapshot.created_time, dependencies.clock.now()))


def _submit(
    dependencies: Dependencies, operation: Operation, send: Callable[[], str], *, force: bool = False
) -> Operation:
    """Commit the intent, send, commit the id. After an interruption a later run finds the result by the intent.

    Raises ConflictError if another process has begun the same since the journal was read, unless `force`.
    """
    journal, clock = dependencies.journal, dependencies.clock
    if force:
        journal.add(operation)
    elif other := journal.add_unless_open(operation):
        raise _under_way(other, clock, is_same=journal.compare(other, operation).is_certain)
    try:
        with naming(operation.object_id):
            operation_id = send()
            _check_new(journal, operation, operation_id)
    except OutcomeUnknownError as error:
        lost = operation.lost(error.message, clock.now())
        _write(lambda: journal.save(lost), dependencies.reporter)
        if operation.is_recognizable:
            error.hint = Hint("do not send it again before its result has been looked for")
            error.resume = command("wait", operation.intent[:8], "--timeout", "1h")
        else:
            error.hint = Hint.joined((no_mark(operation), "do not send it again before"))
        error.details["intent"] = operation.intent
        raise
    except FacesnapError:
        _write(lambda: journal.remove(operation), dependencies.reporter)
        raise
    except Interruption as interruption:
        if interruption.nothing_sent:
            _write(lambda: journal.remove(operation), dependencies.reporter)
        raise
    submitted = operation.submitted(operation_id, clock.now())
    _write(lambda: journal.save(submitted), dependencies.reporter)
    return submitted


def _check_new(journal: Journal, operation: Operation, operation_id: str) -> None:
    """Raise OutcomeUnknownError for an id that another operation has: it leads to the result of that one."""
    with suppress(JournalError):  # writing the id says what is wrong with the journal
        if journal.has_id(operation_id, operation.resource):
            raise OutcomeUnknownError(
                f"{operation.title}: the service answered operation {operation_id}, which is another one's id"
            )


def _write(write: Callable[[], object], reporter: Reporter) -> None:
    """Write what became of an intent. If that fails, a later run finds the result by the intent itself."""
    try:
        write()
    except JournalError as error:
        reporter.warn(error.message)


def _open_earlier(dependencies: Dependencies, operation: Operation) -> Operation | None:
    """Return the same operation of an earlier run if its lost result is found now.

    One that has ended since it was last polled does not count: the user wants another one. Raises ConflictError while
    it is running, and OutcomeUnknownError or NotFoundError while nothing is known of it. Raises ConflictError also for
    an operation of another profile that may be the same, because nothing is to be paid for twice.
    """
    journal = dependencies.journal
    for known in journal.open_like(operation):
        if not journal.compare(known, operation).is_certain:
            if _may_run(dependencies, known):
                raise _under_way(known, dependencies.clock, is_same=False)
            continue
        earlier = Waiter(dependencies).poll_once(known)
        if earlier.state is OperationState.UNKNOWN:
            raise result_unknown(earlier)
        if earlier.state.is_open:
            raise _under_way(earlier, dependencies.clock)
        if earlier.state is OperationState.ADOPTED:
            return earlier
    return None


def _may_run(dependencies: Dependencies, operation: Operation) -> bool:
    """Return whether an operation of another profile is open, as far as it can be polled."""
    try:
        return Waiter(dependencies).poll_once(operation).state.is_open
    except FacesnapError:
        return True


def _under_way(earlier: Operation, clock: Clock, *, is_same: bool = True) -> ConflictError:
    by = f"profile {earlier.profile}" if earlier.resource.profile else "another key"
    where = "" if is_same else f" with {by}, whose account may be the same"
    return ConflictError(
        f"{earlier.title} is under way already{where}, for {format_duration(earlier.elapsed_s(clock.now()))}",
        hint="--force takes another" if earlier.kind is OperationKind.TAKE else "",
        resume=command("wait", earlier.reference),
        details={"operationId": earlier.operation_id, "objectId": earlier.object_id},
    )


def _matches(account: Account, earlier: Operation, parameters: TakeParameters) -> bool:
    """Return whether the snapshot of an earlier take has the apply scope and user data that are asked for."""
    snapshot = account.snapshots.get(earlier.snapshot_id or "")
    scope = {entry.lower() for entry in snapshot.apply_scope}
    has_user_data = parameters.user_data in (None, snapshot.user_data or "")
    return has_user_data and scope >= {entry.lower() for entry in parameters.apply_scope}


def _check_quota(dependencies: Dependencies, account: Account, kind: OperationKind) -> None:
    known = quota(dependencies, account, kind)
    if not known.left:
        dependencies.reporter.warn(f"{known}: the service may refuse this one")


def _check_expiry(dependencies: Dependencies, account: Account, snapshot: Snapshot, estimate_s: float | None) -> None:
    if snapshot.expires_time is None:
        return
    left = snapshot.expires_time - account.service_clock.now()
    if left <= timedelta(0):
        raise NotFoundError(
            f"snapshot {snapshot.id} expired {format_duration(-left.total_seconds())} ago",
            hint="take a new one",
            details={"snapshotId": snapshot.id},
        )
    if estimate_s is not None and left.total_seconds() < estimate_s:
        dependencies.reporter.warn(
            f"snapshot {snapshot.id} expires in {format_duration(left.total_seconds())};"
            f" such an apply took {format_duration(estimate_s)} before"
        )
