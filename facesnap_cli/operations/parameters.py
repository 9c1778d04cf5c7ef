"""Validated parameters of commands on snapshots."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.models.snapshots import Snapshot


class VerifyLevel(enum.StrEnum):
    """The parts of a copy that are compared: none; name, user data, model, training and counts; or every id as well."""

    NONE = "none"
    QUICK = "quick"
    FULL = "full"


class TakeParameters(NamedTuple):
    """The object to take, and the subscriptions that may apply the snapshot.

    `max_age_s`: reuse a snapshot that is younger. `force`: take even if the same take is already open.
    """

    object_type: ObjectType
    object_id: str
    apply_scope: tuple[str, ...]
    user_data: str | None = None
    tag: bool = True
    max_age_s: float | None = None
    force: bool = False


class ApplyParameters(NamedTuple):
    """The snapshot to apply, and the id of the object that it creates."""

    snapshot: Snapshot
    object_id: str
    mode: str = "CreateNew"

    @property
    def object_type(self) -> ObjectType:
        """The type of the snapshot and so of the new object. Raises UnreachableError for an unknown one."""
        from facesnap_cli.models.objects import ObjectType

        return ObjectType.from_wire(self.snapshot.type)


class UpdateParameters(NamedTuple):
    """The changes of a snapshot. None leaves a value as it is; `apply_scope` replaces the whole scope."""

    apply_scope: tuple[str, ...] | None
    add: tuple[str, ...]
    remove: tuple[str, ...]
    user_data: str | None
