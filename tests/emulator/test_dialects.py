"""Test the recorded body of an operation in each dialect."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.clock import Clock, ticks, timestamp
from facesnap_cli.emulator.container_kinds import PERSON_GROUP
from facesnap_cli.emulator.protocol.dialects import DIALECTS
from facesnap_cli.emulator.store.operations import Operation, Status
from tests.emulator.conftest import Open
from tests.emulator.doors import NOON_NS, TARGET_KEY

START = NOON_NS // 100 + 1_234_500
SNAPSHOT = bytes(range(16))
SNAPSHOT_PATH = "/snapshots/00010203-0405-0607-0809-0a0b0c0d0e0f"
CREATED, FINISHED = "2026-11-23T12:00:00.12345Z", "2026-11-23T12:00:02.12345Z"


def operation(status: Status, *, action: str = "take", message: str | None = None) -> Operation:
    over = status in ("succeeded", "failed")
    return Operation(
        action="take" if action == "take" else "apply",
        status=status,
        created=START,
        last_action=START + ticks(2) if over else START,
        finished=START + ticks(2) if over else None,
        message=message,
        kind=PERSON_GROUP,
        snapshot=SNAPSHOT,
        target_id=None if action == "take" else "copy",
    )


class TestBodies:
    def test_early_2019_has_capitals_and_nulls(self) -> None:
        assert DIALECTS["2019-01"].operation(operation("failed", message="why")) == {
            "CreatedTime": CREATED,
            "LastActionTime": FINISHED,
            "Message": "why",
            "ResourceLocation": None,
            "Status": "failed",
        }

    def test_late_2019_has_nulls(self) -> None:
        assert DIALECTS["2019-06"].operation(operation("running")) == {
            "createdTime": CREATED,
            "lastActionTime": CREATED,
            "message": None,
            "resourceLocation": None,
            "status": "running",
        }

    def test_2020_says_location_and_no_times(self) -> None:
        assert DIALECTS["2020-09"].operation(operation("succeeded")) == {
            "location": SNAPSHOT_PATH,
            "status": "succeeded",
        }

    def test_2021_adds_the_end_and_leaves_nulls_out(self) -> None:
        assert DIALECTS["2021-03"].operation(operation("succeeded", action="apply")) == {
            "createdTime": CREATED,
            "lastActionTime": FINISHED,
            "finishedTime": FINISHED,
            "resourceLocation": "/persongroup/copy",
            "status": "succeeded",
        }

    @pytest.mark.parametrize(("action", "location"), [("take", "/snapshots/"), ("apply", SNAPSHOT_PATH)])
    @pytest.mark.parametrize("status", ["notStarted", "running"])
    def test_2021_names_a_misleading_location_while_unfinished(
        self, action: str, status: Status, location: str
    ) -> None:
        body = DIALECTS["2021-03"].operation(operation(status, action=action))

        assert body["resourceLocation"] == location
        assert "finishedTime" not in body

    def test_2021_names_no_result_of_a_failure(self) -> None:
        assert "resourceLocation" not in DIALECTS["2021-03"].operation(operation("failed", message="why"))


@pytest.mark.parametrize("dialect", DIALECTS)
class TestFlow:
    def test_take_and_apply(self, open_door: Open, dialect: str) -> None:
        door = open_door(seed="demo", dialect=dialect)
        taking = door.take("PersonGroup", "employees")
        taken = door.follow(taking)
        location = taken.get("resourceLocation") or taken["location"]
        applied = door.follow(door.apply(location.removeprefix("/snapshots/")), key=TARGET_KEY)

        assert DIALECTS[dialect].location_header.encode() in [name for name, _ in taking.headers.raw]
        assert (applied["status"], applied.get("resourceLocation") or applied["location"]) == (
            "succeeded",
            "/persongroup/copy",
        )

    def test_a_missing_user_data_is_null_or_absent(self, open_door: Open, dialect: str) -> None:
        door = open_door(dialect=dialect)
        door.call("PUT", "/persongroups/mine", json={"name": "n"})

        document = door.call("GET", "/persongroups/mine").json()

        assert ("userData" in document) is dialect.startswith("2019")


class TestTimes:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (NOON_NS // 100, "2026-11-23T12:00:00Z"),
            (NOON_NS // 100 + 5_891_562, "2026-11-23T12:00:00.5891562Z"),
            (NOON_NS // 100 + 5_891_500, "2026-11-23T12:00:00.58915Z"),
            (NOON_NS // 100 + 1, "2026-11-23T12:00:00.0000001Z"),
        ],
    )
    def test_up_to_seven_digits_without_trailing_zeros(self, value: int, text: str) -> None:
        assert timestamp(value) == text

    def test_the_clock_only_moves_forward(self) -> None:
        with pytest.raises(ValueError, match="forward"):
            Clock().advance(-1)
