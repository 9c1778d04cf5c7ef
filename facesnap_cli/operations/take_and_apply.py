"""Start a take or an apply so that it can always be found again: intent, request, id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConflictError, FacesnapError, Interruption, NotFoundError, OutcomeUnknownError
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.store import Journal, JournalError, digest
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.operations import Job, Operation, OperationKind, OperationState
from facesnap_cli.models.snapshots import ProvenanceTag, Snapshot
from facesnap_cli.operations.find_snapshots import described
from facesnap_cli.operations.lost_responses import no_mark, unsettled
from facesnap_cli.operations.parameters import WantedTake
from facesnap_cli.operations.quota import quota

LookAt = Callable[[Operation], Operation]  # returns an operation as the service knows it now


def reusable_take(
    account: Account,
    journal: Journal,
    clock: Clock,
    wanted: WantedTake,
    note: Callable[[str], None] = lambda text: None,
) -> Operation | None:
    """Return the take of a snapshot younger than `wanted.max_age_s`, of the same object, with wide enough a scope.

    User data that is wanted must be the snapshot's. None without such a snapshot; `note` tells of the one that is used
    again. One that another machine took is entered into the journal as adopted; a tag of ours on
    one that another subscription took, and shares with this one, is not believed.
    """
    if wanted.max_age_s is None:
        return None
    scope = {entry.lower() for entry in wanted.apply_scope}
    oldest = clock.now() - timedelta(seconds=wanted.max_age_s)
    fitting = [
        snapshot
        for snapshot in account.snapshots.list(object_type=wanted.object_type)
        if wanted.object_id == (journal.object_of(snapshot.id) or snapshot.object_id)
        and (snapshot.is_of(account.subscription_id) or journal.take_of(snapshot.id))
        and snapshot.created_time is not None
        and snapshot.created_time >= oldest
        and scope <= {entry.lower() for entry in snapshot.apply_scope}
        and wanted.user_data in (None, snapshot.user_data)
    ]
    if not fitting:
        return None
    newest = max(fitting, key=lambda snapshot: snapshot.created_time or oldest)
    note(f"{described(newest, clock.now())} is young enough: nothing is taken")
    known = journal.take_of(newest.id)
    if known:
        return known
    found = intended(account, clock, OperationKind.TAKE, wanted.object_type, wanted.object_id, owner="")
    return journal.add(found.adopted(f"/snapshots/{newest.id}", newest.created_time, clock.now()))


def start_take(
    account: Account,
    journal: Journal,
    clock: Clock,
    wanted: WantedTake,
    *,
    look: LookAt,
    force: bool = False,
    job: Job | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Operation:
    """Start a take and return it, or the finished one of an earlier run whose answer was lost.

    Without user data the provenance tag is written there, if `wanted.tag`. Raises ConflictError where the same
    take is open already and `force` is False, OutcomeUnknownError where no answer came: never send it again.
    """
    object_type, object_id, user_data = wanted.object_type, wanted.object_id, wanted.user_data
    operation = intended(account, clock, OperationKind.TAKE, object_type, object_id, owner=journal.owner(), job=job)
    earlier = None if force else _open_earlier(journal, clock, operation, look)
    if earlier and _is_as_wanted(account, earlier, wanted):
        return earlier
    if earlier:
        warn(
            f"an earlier take made snapshot {earlier.snapshot_id}, of another scope or user data; this is another take"
        )
    _check_quota(account, journal, clock, OperationKind.TAKE, warn)
    tagged = wanted.tag and user_data is None
    if tagged:
        user_data = ProvenanceTag(object_id, operation.intent).format()
    return _submit(
        journal,
        clock,
        operation._replace(tagged=tagged, user_data_digest=digest(user_data)),
        lambda: account.snapshots.take(
            object_type=object_type, object_id=object_id, apply_scope=wanted.apply_scope, user_data=user_data
        ),
        warn,
        force=force,
    )


def start_apply(
    account: Account,
    journal: Journal,
    clock: Clock,
    *,
    snapshot: Snapshot,
    object_id: str,
    look: LookAt,
    mode: str = "CreateNew",
    job: Job | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Operation:
    """Start an apply to the account and return it, or the finished one of an earlier run whose answer was lost.

    Raises NotFoundError for an expired snapshot, ConflictError where the target exists or the same apply is open,
    OutcomeUnknownError where no answer came: never send it again.
    """
    object_type = ObjectType.from_wire(snapshot.type)
    apply = intended(account, clock, OperationKind.APPLY, object_type, object_id, owner=journal.owner(), job=job)
    operation = apply._replace(snapshot_id=snapshot.id)
    earlier = _open_earlier(journal, clock, operation, look)
    if earlier and earlier.snapshot_id == snapshot.id:
        return earlier
    _check_expiry(snapshot, estimate_s(journal, operation), clock, warn)
    if account.objects.exists(object_type, object_id):
        raise ConflictError(
            f"{object_type.value} {object_id} exists in the target already; an apply only creates new objects",
            hint="choose another --object-id",
            details={"objectId": object_id, "snapshotId": snapshot.id},
        )
    _check_quota(account, journal, clock, OperationKind.APPLY, warn)
    return _submit(
        journal, clock, operation, lambda: account.snapshots.apply(snapshot.id, object_id=object_id, mode=mode), warn
    )


def resumable_apply(account: Account, journal: Journal, snapshot: Snapshot, object_id: str) -> Operation | None:
    """Return this account's own apply of the snapshot to the object, under way or done while the object is there."""
    object_type = ObjectType.from_wire(snapshot.type)
    known = journal.applies_to(
        profile=account.profile, endpoint=account.endpoint, object_type=object_type.value, object_id=object_id
    )
    own = next((one for one in known if one.snapshot_id == snapshot.id and not one.failed_or_abandoned), None)
    if own is None or (own.state.is_open and own.operation_id is None):
        return None  # one without an id is settled, or in the way, where the next is started
    return own if own.state.is_open or account.objects.exists(object_type, object_id) else None


def intended(
    account: Account,
    clock: Clock,
    kind: OperationKind,
    object_type: ObjectType,
    object_id: str,
    *,
    owner: str,
    job: Job | None = None,
) -> Operation:
    """Return an operation that is about to be sent to an account; `owner` "" for one that was only found."""
    return Operation.intended(
        kind,
        profile=account.profile,
        endpoint=account.endpoint,
        subscription_id=account.subscription_id,
        object_type=object_type.value,
        object_id=object_id,
        owner=owner,
        now=clock.now(),
        job=job,
    )


def _submit(
    journal: Journal,
    clock: Clock,
    operation: Operation,
    send: Callable[[], str],
    warn: Callable[[str], None],
    *,
    force: bool = False,
) -> Operation:
    """Commit the intent, send, commit the id. An interruption leaves the intent, which can be settled later.

    Raises ConflictError where another process has begun the same since it was looked for, unless `force`.
    """
    if force:
        journal.add(operation)
    elif other := journal.add_unless_open(operation):
        raise _under_way(other, clock)
    try:
        operation_id = send()
    except OutcomeUnknownError as error:
        lost = operation.lost(error.message, clock.now())
        _write(lambda: journal.save(lost), warn)
        if operation.is_recognizable:
            error.hint = Hint("do not send it again before its result has been looked for")
            error.resume = command("wait", operation.intent[:8], "--timeout", "1h")
        else:
            error.hint = Hint.joined((no_mark(operation), "do not send it again before"))
        error.details["intent"] = operation.intent
        raise
    except FacesnapError:
        _write(lambda: journal.remove(operation), warn)
        raise
    except Interruption as interruption:
        if interruption.nothing_sent:
            _write(lambda: journal.remove(operation), warn)
        raise
    submitted = operation.submitted(operation_id, clock.now())
    _write(lambda: journal.save(submitted), warn)
    return submitted


def _write(write: Callable[[], object], warn: Callable[[str], None]) -> None:
    """Write what became of an intent; where that fails the intent itself lets a later run find the result."""
    try:
        write()
    except JournalError as error:
        warn(error.message)


def _open_earlier(journal: Journal, clock: Clock, wanted: Operation, look: LookAt) -> Operation | None:
    """Return the same operation of an earlier run if its lost result is found now.

    One that has ended since somebody looked is not in the way: another one is wanted. Raises ConflictError while it is
    under way, and what says that it is lost while nothing is known of it.
    """
    known = journal.open_like(wanted)
    if known is None:
        return None
    earlier = look(known)
    if earlier.state is OperationState.UNKNOWN:
        raise unsettled(earlier)
    if earlier.state.is_open:
        raise _under_way(earlier, clock)
    return earlier if earlier.state is OperationState.ADOPTED else None


def _under_way(earlier: Operation, clock: Clock) -> ConflictError:
    return ConflictError(
        f"{earlier.title} is under way already, for {format_duration(earlier.elapsed_s(clock.now()))}",
        hint="--force takes another" if earlier.kind is OperationKind.TAKE else "",
        resume=command("wait", earlier.reference),
        details={"operationId": earlier.operation_id, "objectId": earlier.object_id},
    )


def _is_as_wanted(account: Account, earlier: Operation, wanted: WantedTake) -> bool:
    """Tell whether the snapshot of an earlier take may be applied where, and says what, this one's should."""
    snapshot = account.snapshots.get(earlier.snapshot_id or "")
    scope = {entry.lower() for entry in snapshot.apply_scope}
    says_the_same = wanted.user_data in (None, snapshot.user_data or "")
    return says_the_same and scope >= {entry.lower() for entry in wanted.apply_scope}


def _check_quota(
    account: Account, journal: Journal, clock: Clock, kind: OperationKind, warn: Callable[[str], None]
) -> None:
    known = quota(account, journal, clock, kind)
    if not known.left:
        warn(f"{known}: the service may refuse this one")


def _check_expiry(snapshot: Snapshot, estimate_s: float | None, clock: Clock, warn: Callable[[str], None]) -> None:
    if snapshot.expires_time is None:
        return
    left = snapshot.expires_time - clock.now()
    if left <= timedelta(0):
        raise NotFoundError(
            f"snapshot {snapshot.id} expired {format_duration(-left.total_seconds())} ago",
            hint="take a new one",
            details={"snapshotId": snapshot.id},
        )
    if estimate_s is not None and left.total_seconds() < estimate_s:
        warn(
            f"snapshot {snapshot.id} expires in {format_duration(left.total_seconds())};"
            f" such an apply took {format_duration(estimate_s)} before"
        )
