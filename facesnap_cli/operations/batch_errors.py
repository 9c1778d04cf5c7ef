"""Combine the failures of many items into the one error that a command ends with."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from facesnap_cli.common.errors import (
    FacesnapError,
    NotFoundError,
    OperationFailedError,
    OutcomeUnknownError,
    PartialFailureError,
    StillRunningError,
)
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import NO_COMMAND, Command, Hint, command
from facesnap_cli.models.operations import Operation, OperationKind, OperationState

MOST_INTERRUPTED = 2  # items with a line of their own, because an error has four lines at most
MOST_NAMED = 3  # operations that the command to resume them names


def failure_of(operation: Operation) -> FacesnapError | None:
    """Return the error of an operation that failed, or that succeeded without a result; None for any other."""
    if (
        operation.kind is OperationKind.TAKE
        and operation.state is OperationState.SUCCEEDED
        and not operation.snapshot_id
    ):
        return OutcomeUnknownError(
            f"{operation.title}: the service calls it succeeded, but does not say which snapshot it made",
            hint=Hint(command("list"), " shows the snapshots that there are"),
            details={"operationId": operation.operation_id},
        )
    if not operation.failed_or_abandoned:
        return None
    said = harmless(operation.message or "the service gave no reason")
    details: dict[str, object] = {"operationId": operation.operation_id, "objectId": operation.object_id}
    if operation.state is OperationState.ABANDONED:
        return NotFoundError(f"{operation.title}: {said}", details=details)
    show = command("show", operation.snapshot_id)
    hint = Hint(show, " tells whether the snapshot is still there; then apply it again")
    if operation.kind is OperationKind.TAKE:
        hint = Hint("the object must not be changed, trained or deleted while it is taken; then take it again")
    return OperationFailedError(f"{operation.title} failed: {said}", hint=hint, details=details)


def combined(
    failures: Sequence[FacesnapError], total: int, what: str, names: Sequence[str] = ()
) -> FacesnapError | None:
    """Return the one error that a batch of `total` items ends with; None without failures.

    The failure of an only item is returned as it is. Each cause has a line (two with a hint, or three without), after
    the names of its items if they are given in `names`. The exit status is kept if all items share it. If the only
    failure is that some items still run, a StillRunningError resumes them all.
    """
    if not failures:
        return None
    statuses = {failure.status for failure in failures}
    running = [failure for failure in failures if isinstance(failure, StillRunningError)]
    if len(running) == len(failures):
        return _still_running(running, total, what)
    if total == 1:
        return failures[0]
    all_alike = len(failures) == total and len(statuses) == 1
    error = copy(failures[0]) if all_alike else PartialFailureError("")
    error.details, error.failures = dict(error.details), tuple(failures)
    head = f"{len(failures)} of {total} {what} did not succeed"
    causes = _by_cause(names or [""] * len(failures), failures)
    said = [told_of(_named(group), cause) for cause, group in causes]
    if len(causes) == 1:
        error.message, error.also = f"{head}: {said[0]}", ()
        error.hint, error.resume = causes[0][0].hint, causes[0][0].resume
        return error
    shown = MOST_NAMED - any(cause.advice for cause, _ in causes)  # four lines are all there is
    error.message = head if len(said) <= shown else f"{head}; the first {shown}:"
    error.also = tuple(said[:shown])
    error.hint, error.resume = _advice_of([cause for cause, _ in causes[:shown]])
    return error


def combined_by_name(results: Sequence[tuple[str, FacesnapError | None]], what: str) -> FacesnapError | None:
    """Return what a batch of named items ends with, as `combined`; None stands for an item that succeeded."""
    failed = [(name, failure) for name, failure in results if failure]
    return combined([failure for _, failure in failed], len(results), what, [name for name, _ in failed])


def told_of(name: str, failure: FacesnapError) -> Hint:
    """Return an item's failure in a line, after the item's name unless the message names it already."""
    said = failure.in_a_line
    return said if name in ("", failure.subject) else Hint(f"{name}: ", *said.parts)


def _by_cause(names: Sequence[str], failures: Sequence[FacesnapError]) -> list[tuple[FacesnapError, list[str]]]:
    """Return each cause with the names of the items that failed of it. An item that is alone keeps its own error."""
    groups: dict[str, list[tuple[str, FacesnapError]]] = {}
    for name, failure in zip(names, failures, strict=True):
        groups.setdefault(_cause_of(failure).message, []).append((name, failure))
    return [
        (group[0][1] if len(group) == 1 else _cause_of(group[0][1]), [name for name, _ in group])
        for group in groups.values()
    ]


def _cause_of(failure: FacesnapError) -> FacesnapError:
    """Return what all items of a batch failed of; the failure itself if that is more than one thing."""
    causes = {cause.message: cause for cause in map(_cause_of, failure.failures)}
    return next(iter(causes.values())) if len(causes) == 1 else failure


def _named(names: Sequence[str]) -> str:
    """Return the names of items that share a cause."""
    known = [name for name in names if name]
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    return ", ".join(known[:MOST_NAMED]) + more


def _advice_of(failures: Sequence[FacesnapError]) -> tuple[Hint, Command]:
    """Return what to mend after several failures, and the command to run if it is the same for all."""
    commands = {failure.resume for failure in failures}
    if len(commands) == 1:
        return Hint.joined(failure.hint for failure in failures), commands.pop()
    return Hint.joined(failure.advice for failure in failures), NO_COMMAND


def _still_running(failures: Sequence[StillRunningError], total: int, what: str) -> StillRunningError:
    """Return the one error for operations that still run, and for work that was interrupted."""
    references = list(dict.fromkeys(failure.reference for failure in failures if failure.reference))
    interrupted = [failure for failure in failures if not failure.reference]
    if len(references) + len(interrupted) == 1:
        return failures[0]
    hint, resume = Hint(), NO_COMMAND
    how, also = "still run; they go on in the service", list[Hint]()
    if len({failure.advice for failure in failures}) == 1:  # the same command runs all of it again
        hint, resume = failures[0].hint, failures[0].resume
    else:
        if references:
            resume = command("wait", *(references if len(references) <= MOST_NAMED else ()))
        if interrupted:
            how = f"have not ended; {len(interrupted)} of them interrupted" if references else "were interrupted"
            also = [failure.advice for failure in interrupted[:MOST_INTERRUPTED]]
        if len(interrupted) > MOST_INTERRUPTED:
            hint = Hint(command("status"), f" shows how {len(interrupted) - MOST_INTERRUPTED} more go on")
    return StillRunningError(
        f"{len(failures)} of {total} {what} {how}",
        also=also,
        hint=hint,
        resume=resume,
        details={"operationIds": [each.details["operationId"] for each in failures if each.details.get("operationId")]},
        failures=failures,
    )
