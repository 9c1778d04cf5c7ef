"""Test the quota and the progress of operations through both doors."""

from __future__ import annotations

from tests.emulator.conftest import Open
from tests.emulator.doors import Door


class TestQuota:
    def test_a_day_has_100_takes(self, open_door: Open) -> None:
        door = open_door(seed="demo")
        accepted = [door.take("FaceList", "watchlist").status_code for _ in range(100)]

        refused = door.take("FaceList", "watchlist")

        assert accepted == [202] * 100
        # The gateway answers without the envelope that the service has.
        assert refused.status_code == refused.json()["statusCode"] == 403
        assert refused.json()["message"].startswith("Out of call volume quota. Quota will be replenished in ")
        door.advance(86_400)
        assert door.take("FaceList", "watchlist").status_code == 202

    def test_the_free_tier_has_100_a_month(self, open_door: Open) -> None:
        door = open_door(seed="demo", tier="F0")
        for _ in range(100):
            door.advance(60)
            door.take("FaceList", "watchlist")
        door.advance(86_400)

        assert door.take("FaceList", "watchlist").status_code == 403
        door.advance(31 * 86_400)
        assert door.take("FaceList", "watchlist").status_code == 202

    def test_a_refused_take_costs_nothing(self, door: Door) -> None:
        for _ in range(101):
            door.take("FaceList", "nobody")

        assert door.take("FaceList", "watchlist").status_code == 202

    def test_applies_have_a_quota_of_their_own(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")
        accepted = [door.apply(snapshot, f"copy{number}").status_code for number in range(64)]

        assert accepted == [202] * 64
        assert door.take("FaceList", "watchlist").status_code == 202


class TestProgress:
    def test_an_operation_waits_then_runs_then_succeeds(self, door: Door) -> None:
        location = door.take("FaceList", "watchlist").headers["operation-location"]
        seen = []
        for _ in range(6):
            seen.append(door.call("GET", location).json()["status"])
            door.advance(5)

        assert list(dict.fromkeys(seen)) == ["notStarted", "running", "succeeded"]

    def test_the_duration_can_depend_on_the_size(self, open_door: Open) -> None:
        # 200 faces at 100 seconds per 1,000 entries
        door = open_door(seed="demo", take_time="100/1000")
        location = door.take("LargeFaceList", "archive").headers["operation-location"]
        door.advance(19)
        early = door.call("GET", location).json()["status"]
        door.advance(1.5)

        assert (early, door.call("GET", location).json()["status"]) == ("running", "succeeded")

    def test_an_operation_without_duration_has_ended_at_the_first_poll(self, open_door: Open) -> None:
        door = open_door(seed="demo", take_time=0)
        location = door.take("FaceList", "watchlist").headers["operation-location"]

        assert door.call("GET", location).json()["status"] == "succeeded"
