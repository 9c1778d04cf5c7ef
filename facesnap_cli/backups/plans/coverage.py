"""Check whether every target of a plan is covered by a usable copy that is young enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from facesnap_cli.archives.face_counts import FaceCounts, counts_document
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.common.errors import FacesnapError, NotFoundError
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.time_format import format_duration, format_time
from facesnap_cli.operations.batch_errors import combined

UNCOVERED = "Uncovered"  # the code of the error for a target without a copy that counts


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object or file that may be a copy, with the moment (UTC) that it shows.

    Without a moment it does not count, and `flaw` says why. An archive has `counts`.
    """

    name: str
    moment: datetime | None
    flaw: str = ""
    counts: FaceCounts | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """The newest usable copy of a target. `label` is the target as the plan writes it; an archive has `counts`.

    `seconds_left` is how long the copy still counts. It is negative if the copy is too old, None without a copy.
    """

    item: PlanItem
    label: str
    profile: str | None
    object_id: str | None = None
    copied_time: datetime | None = None
    seconds_left: float | None = None
    failure: FacesnapError | None = None
    counts: FaceCounts | None = None

    @property
    def warning(self) -> str:
        """The warning about an archive that counts although it lacks something, otherwise empty."""
        if self.failure or self.counts is None:
            return ""
        lacks = []
        if self.counts.lacking and self.item.require_images is not False:
            lacks.append(self.counts.flaw)
        if self.counts.left_out and self.item.face_user_data:
            lacks.append("was exported without the user data of faces")
        return f"{self.item.name} in {self.label}: {self.object_id} {', and '.join(lacks)}" if lacks else ""

    @property
    def message(self) -> str | None:
        """The reason why it is not covered, without the names beside it, or what a good archive lacks."""
        if self.failure:
            return self.failure.cause or self.failure.message
        return self.counts.remark if self.counts else None

    @property
    def is_covered(self) -> bool:
        return self.failure is None

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "item": self.item.name,
            "covered": self.is_covered,
            "target": self.label,
            "profile": self.profile,
            "objectType": self.item.object_type.value,
            "objectId": self.object_id,
            "copiedTime": format_time(self.copied_time),
            "secondsLeft": int(self.seconds_left) if self.seconds_left is not None else None,
            "message": self.message,
            **counts_document(self.counts),
        }


def cover_of(item: PlanItem, label: str, profile: str | None, candidates: Sequence[Candidate], now: datetime) -> Cover:
    """Return how a target is covered by the first candidate that counts. The newest candidate comes first."""
    for candidate in candidates:
        if candidate.moment is None or is_of_the_future(candidate.moment, now):
            continue
        age_s = (now - candidate.moment).total_seconds()
        left_s = item.covered_for_s - age_s
        failure = None
        if left_s < 0:
            age, limit = format_duration(age_s), format_duration(item.covered_for_s)
            why = f"the newest copy, {candidate.name}, is {age} old, and counts for {limit}{_flaws(candidates)}"
            failure = _failure(item, label, why)
        return Cover(item, label, profile, candidate.name, candidate.moment, left_s, failure, candidate.counts)
    failure = _failure(item, label, f"there is no copy that can be used{_flaws(candidates)}")
    counts = candidates[0].counts if candidates else None
    if counts and counts.lacking:
        failure.hint = Hint("images in the plan names the originals")
    return Cover(item, label, profile, failure=failure, counts=counts)


def _flaws(candidates: Sequence[Candidate]) -> str:
    """Return why the newest candidate does not count, if it does not."""
    return "".join(f"; {candidate.name} {candidate.flaw}" for candidate in candidates[:1] if candidate.flaw)


def uncovered(covers: Sequence[Cover], plan: Path) -> FacesnapError | None:
    """Return the error that a check of `plan` ends with; None if all is covered."""
    error = combined([(f"{cover.item.name} in {cover.label}", cover.failure) for cover in covers], "targets")
    if error and any(cover.failure and cover.failure.code == UNCOVERED for cover in covers):
        error.resume = command("run", plan.absolute())
    return error


def _failure(item: PlanItem, label: str, why: str) -> NotFoundError:
    return NotFoundError(
        f"{item.name} in {label}: {why}",
        code=UNCOVERED,
        details={"item": item.name, "target": label},
        subject=f"{item.name} in {label}",
        cause=why,
    )
