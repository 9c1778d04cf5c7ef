"""Test large objects: other requests do not wait for their copies, and no copy is visible before it is complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.options import EmulatorOptions
from facesnap_cli.emulator.store.copies import ROWS_A_STEP
from tests.emulator.conftest import Run
from tests.emulator.doors import NOON_NS, TARGET_KEY, ProcessDoor, SocketDoor, all_persons, wait

COUNT = 2 * ROWS_A_STEP + 1


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.json"
    objects: list[dict[str, Any]] = [
        {"type": "LargePersonGroup", "objectId": "big", "count": COUNT, "facesPerPerson": 2},
        {"type": "LargeFaceList", "objectId": "big", "count": COUNT},
        {"type": "LargePersonGroup", "objectId": "faceless", "count": COUNT, "facesPerPerson": 0},
        {"type": "LargePersonGroup", "objectId": "exact", "count": ROWS_A_STEP, "facesPerPerson": 1},
    ]
    path.write_text(json.dumps({"objects": objects}))
    return str(path)


def test_large_objects_of_every_shape_arrive_whole(run: Run, seed: str) -> None:
    door = SocketDoor(run(seed=seed, take_time=0, apply_time=0).endpoint)
    for group in ("big", "faceless", "exact"):
        taken = wait(door, door.take("LargePersonGroup", group).headers["operation-location"])
        snapshot = taken["resourceLocation"].removeprefix("/snapshots/")
        applied = door.apply(snapshot, group).headers["operation-location"]

        assert wait(door, applied, key=TARGET_KEY)["status"] == "succeeded"
        assert all_persons(door, group) == all_persons(door, group, key=TARGET_KEY)
    door.close()


def test_other_calls_do_not_wait_for_a_copy(run: Run, seed: str) -> None:
    door = SocketDoor(run(seed=seed, take_time=0).endpoint)
    location = door.take("LargePersonGroup", "big").headers["operation-location"]
    looks = 0
    while door.call("GET", location).json()["status"] == "running":
        looks += 1
    door.close()

    assert looks > 1


class TestStepByStep:
    """The door in this process has no background work, so the tests take each step."""

    @pytest.fixture
    def service(self, seed: str) -> Any:
        service = Service(EmulatorOptions(seed=seed, take_time=1, apply_time=1), Clock(lambda: NOON_NS))
        yield service
        service.close()

    @pytest.fixture
    def door(self, service: Service) -> Any:
        door = ProcessDoor(service)
        yield door
        door.close()

    def rows(self, service: Service) -> list[int]:
        """Return how many rows each table has that copies fill."""
        run = service.store.state.connection.execute
        return [run(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("persons", "faces", "objects")]

    def test_an_operation_runs_until_the_copy_is_complete(self, service: Service, door: ProcessDoor) -> None:
        location = door.take("LargePersonGroup", "big").headers["operation-location"]
        door.advance(60)
        before = door.call("GET", location).json()["status"]
        while service.store.work():
            pass

        assert before == "running"
        assert door.call("GET", location).json()["status"] == "succeeded"

    def test_a_change_in_the_middle_fails_the_take_and_leaves_nothing(
        self, service: Service, door: ProcessDoor
    ) -> None:
        before = self.rows(service)
        location = door.take("LargePersonGroup", "big").headers["operation-location"]
        service.store.work()
        half = self.rows(service)
        door.call("PATCH", "/largepersongroups/big", json={"name": "n"})
        while service.store.work():
            pass

        assert before < half
        assert door.call("GET", location).json()["status"] == "failed"
        assert self.rows(service) == before

    def test_a_deleted_source_in_the_middle_leaves_nothing(self, service: Service, door: ProcessDoor) -> None:
        location = door.take("LargeFaceList", "big").headers["operation-location"]
        service.store.work()
        door.call("DELETE", "/largefacelists/big")
        while service.store.work():
            pass

        assert door.call("GET", location).json()["status"] == "failed"
        assert (
            service.store.state.connection.execute("SELECT count(*) FROM faces WHERE person = x''").fetchone()[0] == 0
        )

    def test_a_deleted_snapshot_leaves_nothing(self, service: Service, door: ProcessDoor) -> None:
        before = self.rows(service)
        response = door.take("LargePersonGroup", "big")
        while service.store.work():
            pass
        snapshot = door.follow(response)["resourceLocation"].removeprefix("/snapshots/")
        location = door.apply(snapshot).headers["operation-location"]
        service.store.work()
        door.call("DELETE", f"/snapshots/{snapshot}")
        while service.store.work():
            pass

        assert door.call("GET", location, key=TARGET_KEY).json()["status"] == "failed"
        assert self.rows(service) == before
