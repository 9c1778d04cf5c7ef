"""Define the shapes that the service's responses had over the years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from facesnap_cli.emulator.clock import timestamp
from facesnap_cli.emulator.ids import guid_text
from facesnap_cli.emulator.store.operations import Operation

TimeKeys = Literal["all", "none", "with finishedTime"]


@dataclass(frozen=True)
class Dialect:
    """The shapes of one year.

    With `nulls`, members without a value are null, otherwise absent. `location_header` is the case of
    Operation-Location. With `early_location`, an unfinished operation has a misleading resource location.
    """

    name: str
    nulls: bool
    location_header: str
    pascal_case: bool = False
    location_key: str = "resourceLocation"
    times: TimeKeys = "all"
    early_location: bool = False

    def members(self, document: dict[str, object | None]) -> dict[str, object | None]:
        """Return the document with or without its null members."""
        return document if self.nulls else {key: value for key, value in document.items() if value is not None}

    def operation(self, operation: Operation) -> dict[str, object | None]:
        """Return the body of GET /operations/{operationId}."""
        document: dict[str, object | None] = {}
        if self.times != "none":
            document["createdTime"] = timestamp(operation.created)
            document["lastActionTime"] = timestamp(operation.last_action)
        if self.times == "with finishedTime" and operation.finished is not None:
            document["finishedTime"] = timestamp(operation.finished)
        document["message"] = operation.message
        document[self.location_key] = self._location(operation)
        document["status"] = operation.status
        if self.pascal_case:
            document = {key[0].upper() + key[1:]: value for key, value in document.items()}
        return self.members(document)

    def _location(self, operation: Operation) -> str | None:
        """Return the resource location: a snapshot, or a target with its kind in the singular."""
        take = operation.action == "take"
        if operation.status == "succeeded":
            if take:
                return f"/snapshots/{guid_text(operation.snapshot)}"
            return f"/{operation.kind.singular}/{operation.target_id}"
        if self.early_location and operation.status != "failed":
            return "/snapshots/" if take else f"/snapshots/{guid_text(operation.snapshot)}"
        return None


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect("2019-01", nulls=True, location_header="Operation-Location", pascal_case=True),
        Dialect("2019-06", nulls=True, location_header="operation-location"),
        Dialect("2020-09", nulls=False, location_header="OPERATION-LOCATION", location_key="location", times="none"),
        Dialect(
            "2021-03",
            nulls=False,
            location_header="operation-location",
            times="with finishedTime",
            early_location=True,
        ),
    )
}
