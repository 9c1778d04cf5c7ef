"""What the results of one or many items mean for the exit status."""

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
from facesnap_cli.models.operations import Operation, OperationKind, OperationState

MOST_INTERRUPTED = 2  # of those that go on by a line of their own, as an error has four lines at most
MOST_NAMED = 3  # more operations than that are resumed by a line that names none


def failure_of(operation: Operation) -> FacesnapError | None:
    """Return the error of an operation that failed, or that succeeded without a result; None for any other."""
    if (
        operation.kind is OperationKind.TAKE
        and operation.state is OperationState.SUCCEEDED
        and not operation.snapshot_id
    ):
        return OutcomeUnknownError(
            f"{operation.title}: the service calls it succeeded, but does not say which snapshot it made",
            hint="facesnap list shows the snapshots that there are",
            details={"operationId": operation.operation_id},
        )
    if not operation.came_to_nothing:
        return None
    said = harmless(operation.message or "the service gave no reason")
    details: dict[str, object] = {"operationId": operation.operation_id, "objectId": operation.object_id}
    if operation.state is OperationState.ABANDONED:
        return NotFoundError(f"{operation.title}: {said}", details=details)
    hint = f"facesnap show {operation.snapshot_id} tells whether the snapshot is still there; then apply it again"
    if operation.kind is OperationKind.TAKE:
        hint = "the object must not be changed, trained or deleted while it is taken; then take it again"
    return OperationFailedError(f"{operation.title} failed: {said}", hint=hint, details=details)


def combined(
    failures: Sequence[FacesnapError], total: int, what: str, names: Sequence[str] = ()
) -> FacesnapError | None:
    """Return the one error that a batch of `total` items ends with; None without failures.

    It is the failure itself where it is the only item's. Several are told a line each, two with what to do or three
    without, after their item's name where `names` gives it; they keep their exit status if all items share it. Where
    the only trouble is that some still run, it is a StillRunningError that resumes them all.
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
    said = [failure.in_a_line for failure in failures]
    if names:
        said = [text if name in text else f"{name}: {text}" for name, text in zip(names, said, strict=True)]
    head = f"{len(failures)} of {total} {what} did not succeed"
    if len(failures) == 1:
        error.message, error.also, error.hint = f"{head}: {said[0]}", (), failures[0].hint
    else:
        shown = MOST_NAMED - any(failure.hint for failure in failures)  # four lines are all there is
        error.message = head if len(said) <= shown else f"{head}; the first {shown}:"
        error.also = tuple(said[:shown])
        error.hint = "; ".join(dict.fromkeys(failure.hint for failure in failures[:shown] if failure.hint))
    error.details = error.details | {"failures": [failure.document()["error"] for failure in failures]}
    return error


def combined_by_name(results: Sequence[tuple[str, FacesnapError | None]], what: str) -> FacesnapError | None:
    """Return what a batch of named items ends with, as `combined`; None stands for an item that succeeded."""
    failed = [(name, failure) for name, failure in results if failure]
    return combined([failure for _, failure in failed], len(results), what, [name for name, _ in failed])


def _still_running(failures: Sequence[StillRunningError], total: int, what: str) -> StillRunningError:
    """Return the one error for what still runs, and for what was interrupted and goes on by a command of its own."""
    references = list(dict.fromkeys(failure.reference for failure in failures if failure.reference))
    interrupted = [failure for failure in failures if not failure.reference]
    if len(references) + len(interrupted) == 1:
        return failures[0]
    again = {failure.hint for failure in failures}
    names = " ".join(references) if len(references) <= MOST_NAMED else ""
    hint = f"facesnap wait {names}".rstrip() if references else ""
    how, also = "still run; they go on in the service", list[str]()
    if len(again) == 1:  # what is run again as a whole
        hint = again.pop()
    elif interrupted:
        how = f"have not ended; {len(interrupted)} of them interrupted" if references else "were interrupted"
        also = [failure.hint for failure in interrupted[:MOST_INTERRUPTED]]
        more = f"facesnap status shows how {len(interrupted) - MOST_INTERRUPTED} more go on"
        hint = "; ".join(part for part in (hint, more if len(interrupted) > MOST_INTERRUPTED else "") if part)
    return StillRunningError(
        f"{len(failures)} of {total} {what} {how}",
        also=also,
        hint=hint,
        details={
            "operationIds": [one.details["operationId"] for one in failures if one.details.get("operationId")],
            "failures": [one.document()["error"] for one in failures],
        },
    )
