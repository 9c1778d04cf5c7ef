"""Estimate from the journal how many takes and applies are left today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from facesnap_cli.common.escape import counted
from facesnap_cli.models.operations import OperationKind

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.operations.dependencies import Dependencies

DAILY_LIMIT = 100
WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """The quota that this machine used of a subscription within the window. Other machines may have used more."""

    kind: OperationKind
    used: int

    @property
    def left(self) -> int:
        return max(0, DAILY_LIMIT - self.used)

    def __str__(self) -> str:
        used = counted(self.used, self.kind.value, "takes" if self.kind is OperationKind.TAKE else "applies")
        known = "is" if self.used == 1 else "are"
        return f"{used} in 24 h {known} known here, about {self.left} of {DAILY_LIMIT} are left"


@dataclass(frozen=True, slots=True)
class Need:
    """The takes or applies that a run needs of a subscription, and the quota that is left there."""

    profile: str | None
    needed: int
    quota: Quota

    def __str__(self) -> str:
        return f"profile {self.profile}: this run needs {self.needed}; {self.quota}"


def needs(dependencies: Dependencies, charges: Iterable[tuple[Account, OperationKind]]) -> list[Need]:
    """Return what each subscription will be asked for, one charge a take or apply."""
    charged = list(charges)
    groups: dict[tuple[str, OperationKind], Account] = {}
    for account, kind in charged:
        groups.setdefault((account.subscription_id or account.endpoint, kind), account)
    needed = {
        (group, kind): sum(
            kind is other_kind and account.resource.compare_subscription(other.resource).is_possible
            for other, other_kind in charged
        )
        for (group, kind), account in groups.items()
    }
    return [
        Need(account.profile, needed[group, kind], quota(dependencies, account, kind))
        for (group, kind), account in groups.items()
    ]


def quota(dependencies: Dependencies, account: Account, kind: OperationKind) -> Quota:
    """Count what the journal knows of the account's subscription. Free accounts have 100 a month, not a day."""
    used = dependencies.journal.submitted_since(kind, dependencies.clock.now() - WINDOW, account.resource)
    return Quota(kind, used)
