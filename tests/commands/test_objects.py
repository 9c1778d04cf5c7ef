"""objects: the groups and lists of an account, with what one request shows of each."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program
from tests.support.service import call


def test_every_type_is_listed_with_model_training_and_counts(program: Program) -> None:
    shown = program.run("objects", "-o", "json")
    assert shown.status == 0
    found = {(one["type"], one["objectId"]): one for one in shown.json}
    assert list(found) == sorted(found)
    group = found["PersonGroup", "employees"]
    assert group["persons"] > 0
    assert group["faces"] > 0
    assert group["trainingStatus"] == "succeeded"
    assert group["lastSuccessfulTrainingDateTime"]
    assert group["recognitionModel"].startswith("recognition_0")
    watchlist = found["FaceList", "watchlist"]
    assert (watchlist["persons"], watchlist["trainingStatus"]) == (None, None)
    assert watchlist["faces"] > 0


def test_type_narrows_and_id_prints_ids(program: Program) -> None:
    assert program.run("objects", "-t", "facelist", "-o", "id").out.split() == ["watchlist"]


def test_a_group_without_training_is_shown_as_never_trained(program: Program, emulator: RunningEmulator) -> None:
    call(emulator, "PUT", "/persongroups/new", emulator.accounts[0].keys[0], {"name": "new"})
    shown = program.run("objects", "-t", "PersonGroup", "-o", "json").json
    assert {one["objectId"]: one["trainingStatus"] for one in shown}["new"] == "notTrained"
    assert {one["objectId"]: one["persons"] for one in shown}["new"] == 0


def test_a_group_of_more_than_a_page_has_no_count(program: Program, emulator: RunningEmulator) -> None:
    key = emulator.accounts[0].keys[0]
    call(emulator, "PUT", "/largepersongroups/many", key, {"name": "many"})
    for number in range(1001):
        call(emulator, "POST", "/largepersongroups/many/persons", key, {"name": f"p{number}"})
    shown = program.run("objects", "-t", "LargePersonGroup", "-o", "json").json
    assert [(one["persons"], one["faces"]) for one in shown if one["objectId"] == "many"] == [(None, None)]


def test_brief_sends_one_request_a_type(program: Program, emulator: RunningEmulator) -> None:
    before = len(emulator.requests()["requests"])
    shown = program.run("objects", "-t", "PersonGroup", "--brief", "-o", "json")
    assert len(emulator.requests()["requests"]) - before <= 2
    assert all(one["trainingStatus"] is None and one["persons"] is None for one in shown.json)


def test_an_account_without_objects_is_a_success(program: Program) -> None:
    shown = program.run("objects", "--profile", "target", "-t", "FaceList", "-o", "json")
    assert (shown.status, shown.json) == (0, [])


@pytest.mark.parametrize("arguments", [("--type", "Persons"), ("--brief", "extra")])
def test_a_usage_error_sends_nothing(program: Program, emulator: RunningEmulator, arguments: tuple[str, ...]) -> None:
    before = len(emulator.requests()["requests"])
    assert program.run("objects", *arguments).status == 2
    assert len(emulator.requests()["requests"]) == before
