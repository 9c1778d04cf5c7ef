"""Wait for operations of any profile, one or a thousand, until each has ended or the time is up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from facesnap_cli.common.errors import (
    FacesnapError,
    NotFoundError,
    StillRunningError,
    ThrottledError,
    UnreachableError,
    UsageError,
)
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.progress import Progress
from facesnap_cli.common.threads import ThreadPool
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.store import JournalError
from facesnap_cli.models.operations import Operation, OperationKind, OperationState
from facesnap_cli.operations.batch_errors import failure_of
from facesnap_cli.operations.lost_responses import find_trace, recover_result, result_unknown
from facesnap_cli.operations.polling import Pending, PollResult, poll

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.operations.dependencies import Dependencies

MAX_THREADS = 32
Others = Mapping[str, Callable[[], bool]]
NO_OTHERS: Others = {}
PATIENCE_S = 300.0  # how long polls may fail in a row without a --timeout


class OperationProgress(Progress, Protocol):
    """Shows how far work is that takes and applies."""

    def update(self, operation: Operation) -> None:
        """Show an operation of the work as it is now."""
        ...


class Outcome(NamedTuple):
    """An operation as it was last polled, and why it did not succeed, if it did not."""

    operation: Operation
    failure: FacesnapError | None


class Waiter:
    """Polls operations, each with its own account, and writes their states into the journal."""

    def __init__(
        self,
        dependencies: Dependencies,
        on_update: Callable[[Operation], None] = lambda operation: None,
    ):
        self._dependencies = dependencies
        self._journal = dependencies.journal
        self._clock = dependencies.clock
        self._on_update = on_update

    def poll_once(self, operation: Operation, *, retry: bool = True, within_s: float | None = None) -> Operation:
        """Return the operation as the service knows it now: `unknown` if neither it nor its result is found.

        Raises what a request raises, with the command to resume. `retry` is False for a poll that is repeated anyway;
        it has to end `within_s`.
        """
        try:
            return self._poll(operation, retry=retry, within_s=within_s)
        except FacesnapError as failure:
            raise _resumable(failure, operation) from failure

    def _poll(self, operation: Operation, *, retry: bool, within_s: float | None) -> Operation:
        if not operation.state.is_open:
            return operation
        account = self._dependencies.accounts.of_operation(operation)
        try:
            if operation.operation_id:
                response = account.snapshots.operation(operation.operation_id, retry=retry, within_s=within_s)
                polled = self._completed(account, operation.polled(response, self._clock.now()))
                self._save(operation, polled)
            else:
                polled = recover_result(self._dependencies, account, operation)
        except NotFoundError:
            polled = recover_result(self._dependencies, account, operation)
        self._on_update(polled)
        return polled

    def poll_all(
        self, operations: Sequence[Operation], *, named: bool = False, since: datetime | None = None
    ) -> list[Outcome]:
        """Poll each operation once, but none that was polled `since` because the journal did not know it.

        One that had ended before has no failure unless the user `named` it: its failure was reported at its end.
        """
        polls = ThreadPool(MAX_THREADS).run(
            lambda operation: self._outcome(operation, named=named, since=since), operations
        )
        return [poll.result() for poll in polls]

    def wait(
        self,
        operations: Sequence[Operation],
        *,
        timeout_s: float | None = None,
        first_is_enough: bool = False,
        others: Others = NO_OTHERS,
    ) -> list[Outcome]:
        """Return what came of each operation, in their order.

        One that still runs after `timeout_s` has a StillRunningError. With `first_is_enough` the wait ends with the
        first operation that ends, and the others have no failure. `others` are functions that return whether something
        else has ended, which is waited for too.
        """
        current = {operation.intent: operation for operation in operations}
        finished = {intent for intent, operation in current.items() if not operation.state.is_open}
        errors: dict[str, FacesnapError] = {}  # why the latest poll of an operation failed
        unknown_is_final = timeout_s is None
        deadline = None if timeout_s is None else self._clock.monotonic() + timeout_s

        def poll_other(key: str) -> PollResult:
            try:
                has_ended = others[key]()
            except FacesnapError as failure:
                return PollResult(False, failure)
            if has_ended:
                finished.add(key)
            return PollResult(has_ended)

        def poll_one(intent: str) -> PollResult:
            if intent in others:
                return poll_other(intent)
            within_s = None if deadline is None else max(0.0, deadline - self._clock.monotonic())
            try:
                current[intent] = polled = self.poll_once(current[intent], retry=False, within_s=within_s)
            except FacesnapError as failure:
                final = not isinstance(failure, UnreachableError | ThrottledError)
                if not final:
                    self._dependencies.warn_of(failure)
                errors[intent] = failure
                return PollResult(False, failure, final)
            errors.pop(intent, None)
            if polled.state is OperationState.UNKNOWN:
                return PollResult(False, result_unknown(polled), final=unknown_is_final)
            if not polled.state.is_open:
                finished.add(intent)
            return PollResult(not polled.state.is_open)

        def fetch(intents: Sequence[str]) -> Mapping[str, PollResult]:
            if len(intents) == 1:
                return {intents[0]: poll_one(intents[0])}
            polls = threads.run(poll_one, intents)
            return {intent: poll.result() for intent, poll in zip(intents, polls, strict=True)}

        # Each thread has a connection of its own, because one pool of connections for all threads would be slow.
        threads = ThreadPool(MAX_THREADS)
        failures = poll(
            [
                *(self._pending(operation) for operation in current.values() if operation.state.is_open),
                *(Pending(key) for key in others),
            ],
            fetch,
            clock=self._clock,
            schedule=self._dependencies.schedule,
            deadline=deadline,
            enough=lambda: first_is_enough and bool(finished),
            patience_s=PATIENCE_S if timeout_s is None else math.inf,
        )
        is_timed = not (first_is_enough and finished)
        return [
            Outcome(
                operation,
                failures.get(intent) or self._failure(operation, timeout_s if is_timed else None, errors.get(intent)),
            )
            for intent, operation in current.items()
        ]

    def _completed(self, account: Account, operation: Operation) -> Operation:
        """Complete a take that has succeeded: find the snapshot that the service did not name, or the object.

        The object is unknown only if another machine started the take.
        """
        if operation.state is not OperationState.SUCCEEDED or operation.kind is not OperationKind.TAKE:
            return operation
        if operation.object_id:
            found = None if operation.snapshot_id else find_trace(self._dependencies, account, operation)
            location = operation.resource_location or (f"/snapshots/{found.id}" if found else None)
            return operation._replace(snapshot_id=found.id, resource_location=location) if found else operation
        if operation.snapshot_id is None:
            return operation
        try:
            taken = account.snapshots.get(operation.snapshot_id)
        except FacesnapError:  # the snapshot may be gone, although the take succeeded
            return operation
        return operation._replace(object_type=taken.type, object_id=taken.object_id or "")

    def _save(self, before: Operation, polled: Operation) -> None:
        """Write a new state into the journal. A journal that cannot be written is only a warning."""
        if polled == before._replace(polled_time=polled.polled_time):
            return
        try:
            self._journal.save(polled)
        except JournalError as error:
            self._dependencies.warn_of(error)

    def _outcome(self, operation: Operation, *, named: bool, since: datetime | None) -> Outcome:
        was_only_found = not operation.owner
        is_current = was_only_found and since and operation.polled_time and operation.polled_time >= since
        try:
            polled = operation if is_current else self.poll_once(operation)
        except FacesnapError as failure:
            return Outcome(operation, failure)
        if polled.state is OperationState.UNKNOWN:
            return Outcome(polled, result_unknown(polled))
        return Outcome(polled, failure_of(polled) if named or operation.state.is_open else None)

    def _failure(
        self, operation: Operation, timeout_s: float | None, error: FacesnapError | None
    ) -> FacesnapError | None:
        if not operation.state.is_open or timeout_s is None:
            return failure_of(operation)
        if operation.state is OperationState.UNKNOWN:
            return result_unknown(operation)
        after = format_duration(timeout_s)
        return StillRunningError(
            f"{operation.title}: not known to have ended after {after}, as the last look failed: {error.message}"
            if error
            else f"{operation.title} still runs after {after}; it goes on in the service",
            resume=command("wait", operation.reference),
            details={"operationId": operation.operation_id, "objectId": operation.object_id},
            reference=operation.reference,
        )

    def _pending(self, operation: Operation) -> Pending[str]:
        now = self._clock.now()
        return Pending(
            operation.intent,
            operation.elapsed_s(now) if operation.operation_id else 1.0,
            estimate_s(self._journal, operation),
        )


def _resumable(failure: FacesnapError, operation: Operation) -> FacesnapError:
    """Return the failure of a poll, with the command that polls again. The operation itself has not failed."""
    if isinstance(failure, UsageError) and "httpStatus" in failure.details:
        # The service refused the poll. A usage error would say that nothing was sent, but the operation was.
        failure = UnreachableError(failure.message, code=failure.code, details=failure.details)
    failure.hint = Hint.joined((failure.hint, "the operation goes on in the service"))
    failure.resume = command("wait", operation.reference)
    failure.details.setdefault("operationId", operation.operation_id)
    return failure
