"""Stand in for the method of an item whose account cannot be used: the item fails, and the others go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.listing.listed_backup import ListedBackup
from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.plans.preview import Preview
from facesnap_cli.backups.plans.run_results import ItemResult
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.wait import OperationProgress


@dataclass(frozen=True)
class UnusableMethod:
    """An item that cannot be backed up, and why."""

    item: PlanItem
    failure: FacesnapError

    def preview(self) -> Preview:
        """Return no steps, and the failure."""
        return Preview((), ((self.item.name, self.failure),))

    def run(self, progress: OperationProgress) -> ItemResult:
        """Return the failure of every target."""
        return ItemResult.failed(self.item, self.failure)

    def charges(self) -> Iterable[tuple[Account, OperationKind]]:
        """Return nothing, because nothing is sent."""
        return ()

    def backups(self, survey: AccountSurvey) -> list[ListedBackup]:
        """Raise the failure: nothing can be asked."""
        raise self.failure

    def covers(self) -> list[Cover]:
        """Return the failure for every target, because none can be read."""
        return [Cover(self.item, target.text, target.profile, failure=self.failure) for target in self.item.targets]
