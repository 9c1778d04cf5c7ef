"""Preview what a copy would do, for `--dry-run`. Only sends requests that read."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.backups.copies.copy import Copy
from facesnap_cli.backups.copies.copy_parameters import CopyParameters, CopyTarget
from facesnap_cli.common.errors import FacesnapError, NotFoundError
from facesnap_cli.common.progress import NoProgress
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.network.service_errors import CHECK_OBJECT
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.parameters import VerifyLevel


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a dry run. `action`: take, wait, reuse, apply, export, delete, none, conflict or missing."""

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


@dataclass(frozen=True, slots=True)
class Preview:
    """The ordered steps of a dry run, and for each target, or another kind of part (`what`), its error or None."""

    steps: tuple[Step, ...]
    results: tuple[tuple[str, FacesnapError | None], ...]
    what: str = "targets"

    @property
    def failure(self) -> FacesnapError | None:
        """The error that the run would end with, as far as it can be foreseen."""
        return combined(self.results, self.what)


def preview_copy(dependencies: Dependencies, parameters: CopyParameters, item: str = "") -> Preview:
    """Return what a copy would do. Raises what reading raises."""
    copy = Copy(dependencies, parameters, NoProgress())
    item = item or parameters.take.object_id
    copy.learn_time()
    looks = [_target_step(copy, parameters, target, item) for target in parameters.targets]
    applies = any(step.action == "apply" for step, _ in looks)
    takes = [_source_step(copy, parameters, item)] if applies else []
    if takes and takes[0].action == "missing":
        gone = not_found(parameters.source, parameters.take.object_type, parameters.take.object_id)
        looks = [(step, gone if step.action == "apply" else failure) for step, failure in looks]
    named = zip(parameters.targets, looks, strict=True)
    results = [(target.account.place(step.object_id), failure) for target, (step, failure) in named]
    steps = [*takes, *(step for step, failure in looks if step.action != "apply" or not failure)]
    if takes and takes[0].action != "missing" and not parameters.keep_snapshot:
        steps.append(Step(item, "delete", parameters.source.profile, "Snapshot", "", "once all is verified"))
    return Preview(tuple(steps), tuple(results))


def not_found(account: Account, object_type: ObjectType, object_id: str) -> NotFoundError:
    """Return the error for a source that does not exist."""
    return NotFoundError(
        f"there is no {object_type.value} {account.place(object_id)}, so there is nothing to back up",
        hint=CHECK_OBJECT,
        details={"objectType": object_type.value, "objectId": object_id, "profile": account.profile},
        subject=object_id,
    )


def _source_step(copy: Copy, parameters: CopyParameters, item: str) -> Step:
    """Return the step that gives the copy its snapshot, or the step that its source is missing."""
    source, kind = parameters.source, parameters.take.object_type
    going_on = copy.unfinished_take()
    young = None if going_on else copy.young_take()
    if going_on:
        action, why = ("wait" if going_on.state.is_open else "reuse"), f"take {going_on.reference}, begun earlier"
    elif young:
        action, why = "reuse", f"snapshot {young.snapshot_id}"
    else:
        action, why = "take", ""
    needed = action == "take" or parameters.verify is not VerifyLevel.NONE
    if needed and not source.objects.exists(kind, parameters.take.object_id):
        action, why = "missing", "there is no such object"
    return Step(item, action, source.profile, kind.value, parameters.take.object_id, why)


def _target_step(
    copy: Copy, parameters: CopyParameters, target: CopyTarget, item: str
) -> tuple[Step, FacesnapError | None]:
    failure = None
    own, kind = copy.job.apply_to(target), parameters.take.object_type
    object_id = copy.job.name_in(target)
    exists = target.account.objects.exists(kind, object_id)
    flaw = copy.flaw_of(target, own) if own and own.has_succeeded and exists else ""
    if own and not own.state.is_open and (flaw or not exists):  # the copy is gone, so another one is made
        object_id = target.template.render(copy.job.time)
        exists = target.account.objects.exists(kind, object_id) if object_id != own.object_id else bool(flaw)
        own = None
    if own and own.state.is_open:
        action, why = "wait", f"apply {own.reference}, begun earlier"
    elif own and exists and not own.failed_or_abandoned:
        action, why = "none", f"copied on {own.intended_time:%Y-%m-%d at %H:%M} UTC"
    elif exists:
        action, why = "conflict", "exists already; an apply only creates new objects"
        failure = copy.in_the_way(target, object_id, flaw)
    else:
        action, why = "apply", ""
    return Step(item, action, target.account.profile, kind.value, object_id, why), failure
