"""Train an object and wait until the training ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import (
    ConflictError,
    FacesnapError,
    OperationFailedError,
    StillRunningError,
    ThrottledError,
    UnreachableError,
)
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.reporter import Reporter
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.face_api.object_api import ObjectApi
from facesnap_cli.models.objects import ObjectType, Training
from facesnap_cli.operations.polling import Pending, PollResult, Schedule, poll

STALLED_S = 900.0  # without a change of a training's state
_MOST_CONFLICTS = 10


def train_and_wait(
    objects: ObjectApi,
    object_type: ObjectType,
    object_id: str,
    *,
    clock: Clock,
    reporter: Reporter,
    schedule: Schedule,
    timeout_s: float | None,
    start: Callable[[], None],
    begun: bool,
) -> str:
    """Train an object and return the status of success.

    `start` starts a training, or raises ConflictError if one runs that may have begun before the last additions: then
    another one follows it. `begun`: an earlier run may have started the training. A warning reports a training whose
    state does not change. Raises OperationFailedError with the service's reason, StillRunningError after `timeout_s`.
    """
    wait = _TrainingWait(objects, object_type, object_id, clock, reporter, schedule, timeout_s)
    latest = objects.training(object_type, object_id) if begun else None
    if latest is None or latest.status == "failed":
        conflicts = 0
        while True:
            try:
                start()
                break
            except ConflictError:
                conflicts += 1
                if conflicts == _MOST_CONFLICTS:
                    raise
            wait.until_end()
    training = wait.until_end()
    if training.status == "failed":
        said = harmless(training.message or "the service gave no reason")
        raise OperationFailedError(f"the training of {object_id} failed: {said}", details={"objectId": object_id})
    return training.status


class _TrainingWait:
    """Waits for trainings of one object, all together for `timeout_s`."""

    def __init__(
        self,
        objects: ObjectApi,
        object_type: ObjectType,
        object_id: str,
        clock: Clock,
        reporter: Reporter,
        schedule: Schedule,
        timeout_s: float | None,
    ):
        self._objects = objects
        self._object_type = object_type
        self._object_id = object_id
        self._clock = clock
        self._reporter = reporter
        self._schedule = schedule
        self._timeout_s = timeout_s
        self._deadline = None if timeout_s is None else clock.monotonic() + timeout_s
        self._latest: Training | None = None
        self._changed_at = clock.monotonic()
        self._is_stalled = False

    def until_end(self) -> Training:
        """Return the training once it has ended. Raises StillRunningError."""
        self._latest, self._changed_at, pending = None, self._clock.monotonic(), [Pending(self._object_id)]
        found = poll(pending, self._fetch, clock=self._clock, schedule=self._schedule, deadline=self._deadline)
        if failure := found.get(self._object_id):
            raise failure
        if self._latest is None or not self._latest.has_ended:
            raise StillRunningError(
                f"the training of {self._object_id} still runs after {format_duration(self._timeout_s or 0)}"
                + (f", unchanged for {format_duration(self._unchanged_s())}" if self._is_stalled else ""),
                details={"objectId": self._object_id},
            )
        return self._latest

    def _fetch(self, keys: Sequence[str]) -> Mapping[str, PollResult]:
        try:
            training = self._objects.training(self._object_type, self._object_id)
        except FacesnapError as failure:
            is_final = not isinstance(failure, UnreachableError | ThrottledError)
            return {self._object_id: PollResult(False, failure, final=is_final)}
        if training != self._latest:
            self._latest, self._changed_at, self._is_stalled = training, self._clock.monotonic(), False
        elif not self._is_stalled and self._unchanged_s() >= STALLED_S:
            self._is_stalled = True
            self._report_stall()
        return {self._object_id: PollResult(training is not None and training.has_ended)}

    def _unchanged_s(self) -> float:
        return self._clock.monotonic() - self._changed_at

    def _report_stall(self) -> None:
        self._reporter.warn(
            f"the training of {self._object_id} has not changed its state for {format_duration(self._unchanged_s())}:"
            " the service may be busy, or may have lost it; only --timeout ends this wait (8), and the same command"
            f" goes on later without another training; if it never ends, delete {self._object_type.value}"
            f" {self._object_id} and import it again"
        )
