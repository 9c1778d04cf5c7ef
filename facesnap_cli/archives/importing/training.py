"""Train an object and wait until the training ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import (
    FacesnapError,
    OperationFailedError,
    StillRunningError,
    ThrottledError,
    UnreachableError,
)
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.face_api.object_api import ObjectApi
from facesnap_cli.models.objects import ObjectType, Training
from facesnap_cli.operations.polling import Pending, PollResult, Schedule, poll


def train_and_wait(
    objects: ObjectApi,
    object_type: ObjectType,
    object_id: str,
    *,
    clock: Clock,
    schedule: Schedule,
    timeout_s: float | None,
    start: Callable[[], None],
    begun: bool,
) -> str:
    """Train an object and return the status of success. `start` starts the training, unless another one runs.

    `begun`: an earlier run may have started it.

    Raises OperationFailedError with the service's reason, StillRunningError after `timeout_s`.
    """
    latest = objects.training(object_type, object_id) if begun else None
    if latest is None or latest.status == "failed":
        start()
    seen: list[Training] = []

    def fetch(keys: Sequence[str]) -> Mapping[str, PollResult]:
        try:
            training = objects.training(object_type, object_id)
        except FacesnapError as failure:
            return {
                object_id: PollResult(False, failure, final=not isinstance(failure, UnreachableError | ThrottledError))
            }
        if training is None or training.status not in ("succeeded", "failed"):
            return {object_id: PollResult(False)}
        seen.append(training)
        return {object_id: PollResult(True)}

    deadline = None if timeout_s is None else clock.monotonic() + timeout_s
    failure = poll([Pending(object_id)], fetch, clock=clock, schedule=schedule, deadline=deadline).get(object_id)
    if failure:
        raise failure
    if not seen:
        raise StillRunningError(
            f"the training of {object_id} still runs after {format_duration(timeout_s or 0)}",
            details={"objectId": object_id},
        )
    if seen[0].status == "failed":
        said = harmless(seen[0].message or "the service gave no reason")
        raise OperationFailedError(f"the training of {object_id} failed: {said}", details={"objectId": object_id})
    return seen[0].status
