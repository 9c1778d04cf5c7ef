"""Train an object and wait until the training ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class TrainingWait:
    """Trains one object, and waits for its trainings, all together for `timeout_s`."""

    objects: ObjectApi
    object_type: ObjectType
    object_id: str
    clock: Clock
    reporter: Reporter
    schedule: Schedule
    timeout_s: float | None
    _deadline: float | None = field(init=False)
    _latest: Training | None = field(init=False, default=None)
    _changed_at: float = field(init=False, default=0.0)
    _is_stalled: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._deadline = None if self.timeout_s is None else self.clock.monotonic() + self.timeout_s

    def train(self, start: Callable[[], None], *, begun: bool) -> str:
        """Train the object and return the status of success.

        `start` starts a training, or raises ConflictError if one runs that may have begun before the last additions:
        then another one follows it. `begun`: an earlier run may have started the training. A warning reports a training
        whose state does not change. Raises OperationFailedError with the service's reason, StillRunningError after
        `timeout_s`.
        """
        latest = self.objects.training(self.object_type, self.object_id) if begun else None
        if latest is None or latest.status == "failed":
            self._start(start)
        training = self._until_end()
        if training.status == "failed":
            said = harmless(training.message or "the service gave no reason")
            raise OperationFailedError(
                f"the training of {self.object_id} failed: {said}", details={"objectId": self.object_id}
            )
        return training.status

    def _start(self, start: Callable[[], None]) -> None:
        for _ in range(_MOST_CONFLICTS):
            try:
                return start()
            except ConflictError as error:
                conflict = error
            self._until_end()
        raise conflict

    def _until_end(self) -> Training:
        """Return the training once it has ended. Raises StillRunningError."""
        self._latest, self._changed_at, pending = None, self.clock.monotonic(), [Pending(self.object_id)]
        found = poll(pending, self._fetch, clock=self.clock, schedule=self.schedule, deadline=self._deadline)
        if failure := found.get(self.object_id):
            raise failure
        if self._latest is None or not self._latest.has_ended:
            raise StillRunningError(
                f"the training of {self.object_id} still runs after {format_duration(self.timeout_s or 0)}"
                + (f", unchanged for {format_duration(self._unchanged_s())}" if self._is_stalled else ""),
                details={"objectId": self.object_id},
            )
        return self._latest

    def _fetch(self, keys: Sequence[str]) -> Mapping[str, PollResult]:
        try:
            training = self.objects.training(self.object_type, self.object_id)
        except FacesnapError as failure:
            is_final = not isinstance(failure, UnreachableError | ThrottledError)
            return {self.object_id: PollResult(False, failure, final=is_final)}
        if training != self._latest:
            self._latest, self._changed_at, self._is_stalled = training, self.clock.monotonic(), False
        elif not self._is_stalled and self._unchanged_s() >= STALLED_S:
            self._is_stalled = True
            self._report_stall()
        return {self.object_id: PollResult(training is not None and training.has_ended)}

    def _unchanged_s(self) -> float:
        return self.clock.monotonic() - self._changed_at

    def _report_stall(self) -> None:
        self.reporter.warn(
            f"the training of {self.object_id} has not changed its state for {format_duration(self._unchanged_s())}:"
            " the service may be busy, or may have lost it; only --timeout ends this wait (8), and the same command"
            f" goes on later; if it never ends, delete {self.object_type.value} {self.object_id} and import it again"
        )
