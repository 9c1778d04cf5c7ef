"""Combine the failures of many items into the one error that a command ends with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import NamedTuple

from facesnap_cli.common.errors import (
    GO_ON,
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

MOST_CAUSES = 3  # lines below the message, because an error has four lines at most
MOST_INTERRUPTED = 2  # items with a line of their own, for the same reason
MOST_NAMED = 3  # items or operations that a line or a command names


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
        return NotFoundError(f"{operation.title}: {said}", details=details, cause=said)
    show = command("show", operation.snapshot_id)
    hint = Hint(show, " tells whether the snapshot is still there; then apply it again")
    if operation.kind is OperationKind.TAKE:
        hint = Hint("the object must not be changed, trained or deleted while it is taken; then take it again")
    return OperationFailedError(
        f"{operation.title} failed: {said}",
        hint=hint,
        details=details,
        cause=f"the {operation.kind.value} failed: {said}",
    )


class Cause(NamedTuple):
    """The reason for which items of a batch failed: the failures of these items, and their names."""

    failures: tuple[FacesnapError, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> Hint:
        """The cause in a line, after the names of its items unless it names them itself.

        A failure that is alone with its cause has its own message.
        """
        first = self.failures[0]
        said, names = first.in_a_line, () if self.names == (first.subject,) else self.names
        if first.cause and len(self.failures) > 1:
            said, names = Hint(first.cause), self.names
        return Hint(f"{_listed(names)}: " if any(names) else "", *said.parts)

    @property
    def hint(self) -> Hint:
        """The advice on what to mend."""
        return Hint.joined(failure.hint for failure in self.failures)

    @property
    def resume(self) -> Command:
        """The command to go on with, if one goes on with all of the items."""
        commands = list(dict.fromkeys(failure.resume for failure in self.failures))
        if all(words[1:2] == ("wait",) for words in commands):
            references = [word for words in commands for word in words[2:]]
            return command("wait", *(references if len(references) <= MOST_NAMED else ()))
        return commands[0] if len(commands) == 1 else NO_COMMAND

    @property
    def advice(self) -> Hint:
        """The advice on what to mend, then the command to go on with."""
        return Hint.joined((self.hint, Hint(GO_ON, self.resume) if self.resume else ""))


def combined(results: Sequence[tuple[str, FacesnapError | None]], what: str) -> FacesnapError | None:
    """Return the one error that a batch of named items ends with; None if each has succeeded, which None stands for.

    The failure of an only item is returned as it is. Each cause has a line, with the names of its items, and what to do
    unless that is the same for all. The exit status is kept if all items share it. If the only failure is that some
    items still run, a StillRunningError resumes them all.
    """
    failed = [(name, failure) for name, failure in results if failure]
    if not failed:
        return None
    failures, total = [failure for _, failure in failed], len(results)
    statuses = {failure.status for failure in failures}
    running = [failure for failure in failures if isinstance(failure, StillRunningError)]
    if len(running) == len(failures):
        return _still_running(running, total, what)
    if total == 1:
        return failures[0]
    all_alike = len(failures) == total and len(statuses) == 1
    error = copy(failures[0]) if all_alike else PartialFailureError("")
    error.details, error.failures, error.said = dict(error.details), tuple(failures), ""
    head = f"{len(failures)} of {total} {what} did not succeed"
    causes = causes_of(failed)
    if len(causes) == 1:
        [cause] = causes
        error.message, error.also, error.cause = f"{head}: {cause.text}", (), cause.failures[0].cause
        error.hint, error.resume = cause.hint, cause.resume
        return error
    together = Cause(tuple(failure for cause in causes for failure in cause.failures), ())
    shares_advice = len({cause.advice for cause in causes}) == 1
    error.cause, error.hint, error.resume = "", together.hint if shares_advice else Hint(), together.resume
    shown = MOST_CAUSES - bool(error.advice)
    error.message = head if len(causes) <= shown else f"{head}; the first {shown}:"
    error.also = tuple(
        Hint.joined((cause.text, "" if shares_advice else cause.hint if error.resume else cause.advice))
        for cause in causes[:shown]
    )
    return error


def causes_of(failed: Iterable[tuple[str, FacesnapError]]) -> list[Cause]:
    """Return why named items failed, each cause once. An item may have several."""
    groups: dict[str, list[tuple[str, FacesnapError]]] = {}
    for name, failure in failed:
        for part in _parts(failure):
            groups.setdefault(part.cause or part.message, []).append((name, part))
    return [
        Cause(tuple(failure for _, failure in group), tuple(dict.fromkeys(name for name, _ in group)))
        for group in groups.values()
    ]


def _parts(failure: FacesnapError) -> list[FacesnapError]:
    """Return why an item failed: the failures of its own items, if it is a batch itself."""
    if not failure.failures or isinstance(failure, StillRunningError):
        return [failure]
    return [part for each in failure.failures for part in _parts(each)]


def _listed(names: Sequence[str]) -> str:
    """Return the names of items that share a cause."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


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
