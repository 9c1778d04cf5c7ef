"""Test what an operation learns from the location of its result."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from facesnap_cli.models.operations import Operation, OperationKind, OperationResponse

GUID = "0e7a4105-93c4-4d11-8d2f-111111111111"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
SNAPSHOT_LOCATIONS = [
    f"/snapshots/{GUID}",
    f"/Snapshots/{GUID.upper()}",
    f"snapshots/{GUID}/",
    f"/face/v1.0-preview/snapshots/{GUID}",
    f"https://westus.api.cognitive.microsoft.com/face/v1.0/snapshots/{GUID}",
]
OBJECT_LOCATIONS = [
    (f"/persongroup/{GUID}", "PersonGroup"),
    (f"/PersonGroups/{GUID}", "PersonGroup"),
    (f"/largepersongroup/{GUID}", "LargePersonGroup"),
    (f"/face/v1.0/facelist/{GUID}", "FaceList"),
    (f"https://10.0.0.1:7443/face/v1.0/largefacelists/{GUID}", "LargeFaceList"),
]
STRANGE_LOCATIONS = [
    None,
    "",
    "/",
    GUID,
    f"/{GUID}",
    "/snapshots/",
    "/snapshots/employees",
    f"/snapshots/{GUID}/apply",
    f"/snapshot/{GUID}",
    f"/operations/{GUID}",
    f"/persongroup/{GUID}/persons/{GUID}",
    f"/persongroup/snapshots/{GUID}",
    f"/snapshots/persongroup/{GUID}",
    "/persongroup/",
    "/persongroup/Employees",
    f"/dynamicpersongroup/{GUID}",
]


def ended(location: str | None, kind: OperationKind, object_id: str) -> Operation:
    """Return an operation after a poll that found it succeeded."""
    operation = Operation.intended(
        kind,
        profile=None,
        endpoint="https://west.cognitiveservices.azure.com",
        subscription_id=None,
        object_type="PersonGroup" if object_id else "",
        object_id=object_id,
        owner="",
        now=NOW,
        snapshot_id="source" if kind is OperationKind.APPLY else None,
    )
    body = {"status": "succeeded", "resourceLocation": location}
    return operation.submitted("id", NOW).polled(OperationResponse.from_wire(body), NOW)


def learned(operation: Operation) -> tuple[OperationKind, str | None, str, str]:
    return operation.kind, operation.snapshot_id, operation.object_type, operation.object_id


@pytest.mark.parametrize("location", SNAPSHOT_LOCATIONS)
def test_a_take_learns_its_snapshot(location: str) -> None:
    taken = ended(location, OperationKind.TAKE, GUID)
    assert learned(taken) == (OperationKind.TAKE, GUID, "PersonGroup", GUID)


@pytest.mark.parametrize("location", [*(location for location, _ in OBJECT_LOCATIONS), *STRANGE_LOCATIONS])
def test_a_take_learns_nothing_from_any_other_location(location: str | None) -> None:
    taken = ended(location, OperationKind.TAKE, "employees")
    assert learned(taken) == (OperationKind.TAKE, None, "PersonGroup", "employees")


@pytest.mark.parametrize(
    "location", [*SNAPSHOT_LOCATIONS, *(location for location, _ in OBJECT_LOCATIONS), *STRANGE_LOCATIONS]
)
def test_an_apply_keeps_its_snapshot_and_its_object(location: str | None) -> None:
    applied = ended(location, OperationKind.APPLY, "copy")
    assert learned(applied) == (OperationKind.APPLY, "source", "PersonGroup", "copy")


@pytest.mark.parametrize(("location", "object_type"), OBJECT_LOCATIONS)
def test_an_operation_of_another_machine_is_an_apply_if_it_made_an_object(location: str, object_type: str) -> None:
    assert learned(ended(location, OperationKind.TAKE, "")) == (OperationKind.APPLY, None, object_type, GUID)


@pytest.mark.parametrize("location", STRANGE_LOCATIONS)
def test_an_operation_of_another_machine_learns_nothing_from_a_strange_location(location: str | None) -> None:
    assert learned(ended(location, OperationKind.TAKE, "")) == (OperationKind.TAKE, None, "", "")
