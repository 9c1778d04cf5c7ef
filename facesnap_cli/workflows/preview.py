"""What a copy would do, for `--dry-run`: nothing is sent but reads."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.workflows.copy import Copy, Means, NoWatcher
from facesnap_cli.workflows.jobs import CopyTarget, WantedCopy
from facesnap_cli.workflows.submit import reusable_take


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that would be done: take, wait, reuse, apply, delete; or none, or conflict, with the reason."""

    item: str
    action: str
    profile: str | None
    object_type: str
    object_id: str
    why: str = ""

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "item": self.item,
            "action": self.action,
            "profile": self.profile,
            "objectType": self.object_type,
            "objectId": self.object_id,
            "why": self.why or None,
        }


def preview_copy(means: Means, wanted: WantedCopy, item: str = "") -> list[Step]:
    """Return the steps of a copy, in order. Raises what reading raises."""
    copy = Copy(means, wanted, NoWatcher())
    item, kind = item or wanted.take.object_id, wanted.take.object_type.value
    applies = [_target_step(copy, wanted, target, item) for target in wanted.targets]
    if not any(step.action == "apply" for step in applies):
        return applies
    source = wanted.source
    going_on = copy.unfinished_take()
    young = None if going_on else reusable_take(source, means.journal, means.clock, wanted.take)
    if going_on:
        action, why = ("wait" if going_on.state.is_open else "reuse"), f"take {going_on.reference}, begun earlier"
    elif young:
        action, why = "reuse", f"snapshot {young.snapshot_id}"
    else:
        action, why = "take", ""
    take = Step(item, action, source.profile, kind, wanted.take.object_id, why)
    if wanted.keep_snapshot:
        return [take, *applies]
    return [take, *applies, Step(item, "delete", source.profile, "Snapshot", "", "once all is verified")]


def _target_step(copy: Copy, wanted: WantedCopy, target: CopyTarget, item: str) -> Step:
    object_id, kind = target.template.render(copy.job.time), wanted.take.object_type
    own = copy.own_apply(target, object_id)
    exists = target.account.objects.exists(kind, object_id)
    if own and own.state.is_open:
        action, why = "wait", f"apply {own.reference}, begun earlier"
    elif own and exists and not own.came_to_nothing:
        action, why = "none", f"copied on {own.intended_time:%Y-%m-%d at %H:%M} UTC"
    elif exists:
        action, why = "conflict", "exists already; an apply only creates new objects"
    else:
        action, why = "apply", ""
    return Step(item, action, target.account.profile, kind.value, object_id, why)
