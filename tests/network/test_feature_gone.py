"""An endpoint without the snapshot feature: every snapshot command says so, since when, and what still works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import SOURCE_KEYS, TARGET_SUBSCRIPTION, Program
from tests.hostile.server import Received, Step, answer, serving

GUID = "11111111-1111-4111-8111-111111111111"
COMMANDS = [
    ("list",),
    ("show", "latest"),
    ("show", GUID),
    ("show", "111111"),
    ("update", GUID, "--user-data", "x"),
    ("delete", GUID, "--yes"),
    ("take", "-t", "PersonGroup", "-i", "employees", "-s", TARGET_SUBSCRIPTION),
    ("apply", GUID, "-i", "copy"),
    ("status", GUID),
    ("wait", GUID),
]


@pytest.fixture(scope="module")
def retired() -> Iterator[RunningEmulator]:
    with running(EmulatorOptions(port=0, seed="demo", service="retired")) as emulator:
        yield emulator


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_retired_endpoint_is_told_by_every_snapshot_command(
    bare_program: Program, retired: RunningEmulator, command: tuple[str, ...]
) -> None:
    result = bare_program.run(*command, FACESNAP_ENDPOINT=retired.endpoint, FACESNAP_KEY=SOURCE_KEYS[0])
    _is_gone(result.status, result.out, result.err)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    "body", [b"", b"<html>gone</html>", {"error": {"code": "404", "message": "Resource not found"}}]
)
@pytest.mark.parametrize("command", [("list",), ("show", GUID), ("delete", GUID, "-y")], ids=" ".join)
def test_a_missing_collection_is_told_in_whatever_words_it_is_said(
    bare_program: Program, command: tuple[str, ...], body: object, status: int
) -> None:
    with serving(lambda request: answer(status, body)) as server:
        result = bare_program.run(*command, FACESNAP_ENDPOINT=server.endpoint, FACESNAP_KEY=SOURCE_KEYS[0])
    _is_gone(result.status, result.out, result.err)


def test_a_missing_snapshot_in_a_collection_that_is_there_is_only_not_found(bare_program: Program) -> None:
    def script(request: Received) -> list[Step]:
        return answer(200, []) if request.path.endswith("/snapshots") else answer(404)

    with serving(script) as server:
        result = bare_program.run("show", GUID, FACESNAP_ENDPOINT=server.endpoint, FACESNAP_KEY=SOURCE_KEYS[0])
    assert (result.status, result.out) == (5, "")
    assert "retired" not in result.err


@pytest.mark.parametrize("command", [("status", GUID), ("wait", GUID)], ids=" ".join)
@pytest.mark.parametrize("collection", [200, 403, 404, 410])
def test_an_operation_without_approval_is_a_missing_feature_only_if_the_collection_is_missing(
    bare_program: Program, command: tuple[str, ...], collection: int
) -> None:
    refusal = {"error": {"code": "UnsupportedFeature", "message": "Feature is not supported."}}

    def script(request: Received) -> list[Step]:
        if request.path.endswith("/snapshots"):
            return answer(collection, [] if collection == 200 else refusal)
        return answer(403, refusal)

    with serving(script) as server:
        result = bare_program.run(*command, FACESNAP_ENDPOINT=server.endpoint, FACESNAP_KEY=SOURCE_KEYS[0])
    if collection == 200:
        assert (result.status, result.out) == (4, "")
        assert "apply at https://aka.ms/facerecognition" in result.err
    else:
        _is_gone(result.status, result.out, result.err)


def _is_gone(status: int, out: str, err: str) -> None:
    assert (status, out) == (12, ""), err
    assert "Microsoft retired Face snapshots on 30 June 2023" in err
    for way_out in ("facesnap export", "facesnap import", "facesnap emulator start"):
        assert way_out in err
    assert len(err.splitlines()) <= 4
