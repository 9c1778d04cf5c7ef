"""What a command is to do, checked and ready to be sent."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from facesnap_cli.models.objects import ObjectType


class VerifyLevel(enum.StrEnum):
    """How much of a copy is compared: nothing; name, user data, model, training and counts; or every id as well."""

    NONE = "none"
    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class WantedTake:
    """A take, ready to be sent. `max_age_s`: reuse a snapshot that is younger."""

    object_type: ObjectType
    object_id: str
    apply_scope: tuple[str, ...]
    user_data: str | None = None
    tag: bool = True
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class WantedList:
    """Which snapshots to list."""

    object_type: ObjectType | None = None
    apply_scope: tuple[str, ...] = ()
    expires_within_s: float | None = None

    @property
    def is_everything(self) -> bool:
        return self == WantedList()


@dataclass(frozen=True, slots=True)
class WantedUpdate:
    """What to change of a snapshot; `apply_scope` replaces, None leaves."""

    apply_scope: tuple[str, ...] | None
    add: tuple[str, ...]
    remove: tuple[str, ...]
    user_data: str | None
