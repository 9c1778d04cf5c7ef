"""Wait for operations of any profile, one or a thousand, until each has ended or the time is up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.store import JournalError
from facesnap_cli.models.operations import Operation, OperationKind, OperationState
from facesnap_cli.operations.batch_errors import failure_of
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.lost_responses import find_trace, recover_result, result_unknown
from facesnap_cli.operations.polling import Look, Pending, poll

MAX_THREADS = 32
Others = Mapping[str, Callable[[], bool]]
NO_OTHERS: Others = {}
PATIENCE_S = 300.0  # how long looks may fail in a row where no --timeout says it


class OperationProgress(Progress, Protocol):
    """Shows how far work is that takes and applies."""

    def update(self, operation: Operation) -> None:
        """Show an operation of the work as it is now."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """An operation as it was last seen, and why it did not succeed, if so."""

    operation: Operation
    failure: FacesnapError | None


class Waiter:
    """Looks at operations with each one's own account and writes what it sees into the journal."""

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
        """Return the operation as the service knows it now: `unknown` where neither it nor its result is found.

        Raises what looking raises, with the line to resume. `retry` False is for a look that comes again anyway, and
        has `within_s`.
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
                seen = self._named(account, operation.polled(response, self._clock.now()))
                self._keep(operation, seen)
            else:
                seen = recover_result(self._dependencies, account, operation)
        except NotFoundError:
            seen = recover_result(self._dependencies, account, operation)
        self._on_update(seen)
        return seen

    def poll_all(self, operations: Sequence[Operation], *, named: bool = False) -> list[Outcome]:
        """Look once at each operation.

        Those that had ended before have no failure, as it was told then, unless they were `named` by the user.
        """
        polls = ThreadPool(MAX_THREADS).run(lambda operation: self._outcome(operation, named=named), operations)
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

        One that still runs when `timeout_s` is over has a StillRunningError. With `first_is_enough` the wait ends
        with the first operation that does, and the others have no failure. `others` are waited for beside them: each
        tells whether it has ended.
        """
        current = {operation.intent: operation for operation in operations}
        finished = {intent for intent, operation in current.items() if not operation.state.is_open}
        troubles: dict[str, FacesnapError] = {}  # why the latest look at an operation told nothing
        settling_is_final = timeout_s is None
        deadline = None if timeout_s is None else self._clock.monotonic() + timeout_s

        def look_at_other(key: str) -> Look:
            try:
                has_ended = others[key]()
            except FacesnapError as failure:
                return Look(False, failure)
            if has_ended:
                finished.add(key)
            return Look(has_ended)

        def look_at(intent: str) -> Look:
            if intent in others:
                return look_at_other(intent)
            within_s = None if deadline is None else max(0.0, deadline - self._clock.monotonic())
            try:
                current[intent] = seen = self.poll_once(current[intent], retry=False, within_s=within_s)
            except FacesnapError as failure:
                final = not isinstance(failure, UnreachableError | ThrottledError)
                if not final:
                    self._dependencies.warn_of(failure)
                troubles[intent] = failure
                return Look(False, failure, final)
            troubles.pop(intent, None)
            if seen.state is OperationState.UNKNOWN:
                return Look(False, result_unknown(seen), final=settling_is_final)
            if not seen.state.is_open:
                finished.add(intent)
            return Look(not seen.state.is_open)

        def look(intents: Sequence[str]) -> Mapping[str, Look]:
            if len(intents) == 1:
                return {intents[0]: look_at(intents[0])}
            polls = threads.run(look_at, intents)
            return {intent: poll.result() for intent, poll in zip(intents, polls, strict=True)}

        # Each thread has a connection of its own: one pool of connections for all is what would be slow.
        threads = ThreadPool(MAX_THREADS)
        failures = poll(
            [
                *(self._pending(operation) for operation in current.values() if operation.state.is_open),
                *(Pending(key) for key in others),
            ],
            look,
            clock=self._clock,
            schedule=self._dependencies.schedule,
            deadline=deadline,
            enough=lambda: first_is_enough and bool(finished),
            patience_s=PATIENCE_S if timeout_s is None else math.inf,
        )
        still_wanted = not (first_is_enough and finished)
        return [
            Outcome(
                operation,
                failures.get(intent)
                or self._failure(operation, timeout_s if still_wanted else None, troubles.get(intent)),
            )
            for intent, operation in current.items()
        ]

    def _named(self, account: Account, operation: Operation) -> Operation:
        """Complete a take that has succeeded: the snapshot that the service did not name, or the object, from its tag.

        The object is unknown only where another machine started it.
        """
        if operation.state is not OperationState.SUCCEEDED or operation.kind is not OperationKind.TAKE:
            return operation
        if operation.object_id:
            found = None if operation.resource_location else find_trace(account, self._journal, operation)
            location = f"/snapshots/{found.id}" if found else operation.resource_location
            return operation._replace(snapshot_id=found.id, resource_location=location) if found else operation
        if operation.snapshot_id is None:
            return operation
        try:
            taken = account.snapshots.get(operation.snapshot_id)
        except FacesnapError:  # it may be gone; that the take succeeded is true all the same
            return operation
        return operation._replace(object_type=taken.type, object_id=taken.object_id or "")

    def _keep(self, before: Operation, seen: Operation) -> None:
        """Write down what is new; a journal that cannot be written any more does not end the wait."""
        if seen == before._replace(polled_time=seen.polled_time):
            return
        try:
            self._journal.save(seen)
        except JournalError as error:
            self._dependencies.warn_of(error)

    def _outcome(self, operation: Operation, *, named: bool) -> Outcome:
        try:
            seen = self.poll_once(operation)
        except FacesnapError as failure:
            return Outcome(operation, failure)
        if seen.state is OperationState.UNKNOWN:
            return Outcome(seen, result_unknown(seen))
        return Outcome(seen, failure_of(seen) if named or operation.state.is_open else None)

    def _failure(
        self, operation: Operation, timeout_s: float | None, trouble: FacesnapError | None
    ) -> FacesnapError | None:
        if not operation.state.is_open or timeout_s is None:
            return failure_of(operation)
        if operation.state is OperationState.UNKNOWN:
            return result_unknown(operation)
        after = format_duration(timeout_s)
        return StillRunningError(
            f"{operation.title}: not known to have ended after {after}, as the last look failed: {trouble.message}"
            if trouble
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
    """Return the failure of a look, which is not the operation's, with the line to look again."""
    if isinstance(failure, UsageError) and "httpStatus" in failure.details:
        # The service refused the look; "nothing was sent" would not be true of the operation.
        failure = UnreachableError(failure.message, code=failure.code, details=failure.details)
    failure.hint = Hint.joined((failure.hint, "the operation goes on in the service"))
    failure.resume = command("wait", operation.reference)
    failure.details.setdefault("operationId", operation.operation_id)
    return failure
