"""Is every target of a plan covered: does it have a copy that can be used and is young enough?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from facesnap_cli.clock import Clock
from facesnap_cli.errors import FacesnapError, NotFoundError
from facesnap_cli.journal import Journal
from facesnap_cli.operations import Operation
from facesnap_cli.text import format_duration, format_time
from facesnap_cli.wanted import VerifyLevel
from facesnap_cli.workflows.jobs import CopyTarget
from facesnap_cli.workflows.outcomes import combined
from facesnap_cli.workflows.plan import PlanItem
from facesnap_cli.workflows.snapshot_method import SnapshotMethod


@dataclass(frozen=True, slots=True)
class Cover:
    """How one target is covered. `object_id` is the newest usable copy, `copied_time` the moment that it shows (UTC).

    `label` is the target as the plan writes it, `profile` its account's; None for a file.

    `seconds_left` is how long it still counts; below zero since when it does not any more; None without a copy.
    """

    item: PlanItem
    label: str
    profile: str | None
    object_id: str | None = None
    copied_time: datetime | None = None
    seconds_left: float | None = None
    failure: FacesnapError | None = None

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
            "message": self.failure.message if self.failure else None,
        }


def coverage(methods: Sequence[SnapshotMethod], journal: Journal, clock: Clock) -> list[Cover]:
    """Look at every target of every item. What reading a target raises stands in its result."""
    return [_cover(method, target, journal, clock.now()) for method in methods for target in method.wanted.targets]


def uncovered(covers: Sequence[Cover]) -> FacesnapError | None:
    """Return the error that a check ends with; None where all is covered."""
    return combined([one.failure for one in covers if one.failure], len(covers), "targets")


def _cover(method: SnapshotMethod, target: CopyTarget, journal: Journal, now: datetime) -> Cover:
    item, label, profile = method.item, target.label, target.account.profile
    try:
        names = _copies(method, target)
    except FacesnapError as failure:
        return Cover(item, label, profile, failure=failure)
    known = _known(method, target, journal)
    bad = ""
    for name in names:
        apply = known.get(name)
        moment = _moment(method, apply, journal) if apply else target.template.made_at(name)
        if moment is None:
            bad = f"; {name} is there, but was not verified" if apply else f"; when {name} was made is not known here"
            continue
        left_s = item.covered_for_s - (now - moment).total_seconds()
        if left_s >= 0:
            return Cover(item, label, profile, name, moment, left_s)
        age, limit = format_duration((now - moment).total_seconds()), format_duration(item.covered_for_s)
        old = failure_to_cover(item, label, f"the newest copy, {name}, is {age} old, and counts for {limit}")
        return Cover(item, label, profile, name, moment, left_s, old)
    missing = failure_to_cover(item, label, f"there is no copy that can be used{bad}")
    return Cover(item, label, profile, failure=missing)


def _copies(method: SnapshotMethod, target: CopyTarget) -> list[str]:
    """Return the ids of what may be copies, the newest first."""
    kind, template = method.item.object_type, target.template
    if not template.is_dated:
        name = template.render(method.means.clock.now())
        return [name] if target.account.objects.exists(kind, name) else []
    made = {
        one.object_id: moment
        for one in target.account.objects.list(kind)
        if (moment := template.made_at(one.object_id))
    }
    return sorted(made, key=lambda name: (made[name], name), reverse=True)


def _known(method: SnapshotMethod, target: CopyTarget, journal: Journal) -> dict[str, Operation]:
    """Return the applies that made copies of the target, by the copy's id."""
    found = journal.applies_to(
        profile=target.account.profile, endpoint=target.account.endpoint, object_type=method.item.object_type.value
    )
    succeeded = [one for one in found if one.has_succeeded and one.job]
    return {one.object_id: one for one in reversed(succeeded)}


def _moment(method: SnapshotMethod, apply: Operation, journal: Journal) -> datetime | None:
    """Return the moment that a copy shows, its take's; None for one that was to be verified and was not."""
    if method.item.verify is not VerifyLevel.NONE and apply.verified_time is None:
        return None
    take = journal.take_of(apply.snapshot_id or "")
    return take.intended_time if take else apply.intended_time


def failure_to_cover(item: PlanItem, label: str, why: str) -> NotFoundError:
    """Return the error for a target without a copy that is young enough."""
    return NotFoundError(
        f"{item.name} in {label}: {why}",
        code="Uncovered",
        hint="facesnap run makes one",
        details={"item": item.name, "target": label},
    )
