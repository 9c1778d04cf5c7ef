"""Test that Microsoft's Python SDK takes, finds and applies snapshots of every kind."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.cognitiveservices.vision.face.models import APIErrorException, OperationStatusType

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.emulator.conftest import Run
from tests.emulator.doors import SOURCE, TARGET
from tests.emulator.sdk import KINDS, Container, clients_of, code_of, operation_id

Clients = tuple[Any, Any]


@pytest.fixture
def clients(live: RunningEmulator) -> Iterator[Clients]:
    with clients_of(live) as both:
        yield both


def take(client: Any, kind: str, object_id: str, **more: Any) -> str:
    """Start to take a snapshot and return the operation's id."""
    return operation_id(client.snapshot.take(kind, object_id, [TARGET], raw=True, **more))


def taken(live: RunningEmulator, client: Any, kind: str, object_id: str, **more: Any) -> str:
    """Take a snapshot and return its id."""
    operation = take(client, kind, object_id, **more)
    live.advance(21)
    status = client.snapshot.get_operation_status(operation)
    assert status.status == OperationStatusType.succeeded
    return str(status.resource_location).rpartition("/")[2]


@pytest.mark.parametrize("kind", KINDS)
def test_create_fill_train_take_poll_apply_compare(live: RunningEmulator, clients: Clients, kind: str) -> None:
    source, target = (Container(client, kind, "mine") for client in clients)
    source.fill()
    if kind != "FaceList":
        source.operations.train("mine")
        live.advance(21)

    snapshot = taken(live, source.client, kind, "mine", user_data="nightly")
    applying = operation_id(target.client.snapshot.apply(snapshot, "mine", raw=True))
    seen = target.client.snapshot.get_operation_status(applying)
    live.advance(21)
    applied = target.client.snapshot.get_operation_status(applying)

    assert seen.status in (OperationStatusType.notstarted, OperationStatusType.running)
    assert applied.status == OperationStatusType.succeeded
    assert applied.resource_location == f"/{kind.lower()}/mine"
    assert applied.created_time <= applied.last_action_time
    assert target.content() == source.content()


def test_get_list_update_delete(live: RunningEmulator, clients: Clients) -> None:
    source, target = clients
    wanted = taken(live, source, "PersonGroup", "employees", user_data="nightly")
    taken(live, source, "FaceList", "watchlist")
    found = source.snapshot.get(wanted)
    by_type = source.snapshot.list(type="PersonGroup", apply_scope=[TARGET])
    seen = target.snapshot.list()
    source.snapshot.update(wanted, apply_scope=[SOURCE], user_data="weekly")
    updated = source.snapshot.get(wanted)
    source.snapshot.delete(wanted)

    assert (found.id, found.type, found.apply_scope, found.user_data) == (wanted, "PersonGroup", [TARGET], "nightly")
    assert found.account.endswith("/accounts/facesnap-emulator")
    assert [snapshot.id for snapshot in by_type] == [wanted]
    assert len(seen) == 2
    assert (updated.apply_scope, updated.user_data) == ([SOURCE], "weekly")
    assert updated.last_update_time > updated.created_time
    assert len(source.snapshot.list()) == 1


@pytest.mark.parametrize("dialect", ["2019-06", "2021-03"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_main_job_in_every_dialect_that_the_sdk_reads(run: Run, dialect: str, kind: str) -> None:
    live = run(seed="demo", dialect=dialect)
    object_id = KINDS[kind][1]
    with clients_of(live) as (source, target):
        snapshot = taken(live, source, kind, object_id)
        applying = operation_id(target.snapshot.apply(snapshot, "copy", raw=True))
        live.advance(21)

        assert target.snapshot.get_operation_status(applying).status == OperationStatusType.succeeded
        assert Container(target, kind, "copy").content() == Container(source, kind, object_id).content()


def test_the_capitals_of_early_2019_are_lost_on_the_sdk(run: Run) -> None:
    live = run(seed="demo", dialect="2019-01")
    with clients_of(live) as (source, _):
        operation = take(source, "FaceList", "watchlist")
        live.advance(21)
        status = source.snapshot.get_operation_status(operation)

    assert (status.status, status.resource_location) == (None, None)


def test_the_sdk_reads_the_status_of_2020_but_not_its_location(run: Run) -> None:
    live = run(seed="demo", dialect="2020-09")
    with clients_of(live) as (source, _):
        operation = take(source, "FaceList", "watchlist")
        live.advance(21)
        status = source.snapshot.get_operation_status(operation)

    assert status.status == OperationStatusType.succeeded
    assert (status.resource_location, status.created_time) == (None, None)


ERRORS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "bad argument": ("BadArgument", lambda client: client.snapshot.take("FaceList", "watchlist", [TARGET, TARGET])),
    "no person group": ("PersonGroupNotFound", lambda client: client.snapshot.take("PersonGroup", "no", [TARGET])),
    "no face list": ("FaceListNotFound", lambda client: client.face_list.get("no")),
    "no large face list": ("LargeFaceListNotFound", lambda client: client.large_face_list.train("no")),
    "no large person group": ("LargePersonGroupNotFound", lambda client: client.large_person_group.get("no")),
    "no person": ("PersonNotFound", lambda client: client.person_group_person.get("employees", str(uuid.UUID(int=0)))),
    "no face": (
        "PersistedFaceNotFound",
        lambda client: client.face_list.delete_face("watchlist", str(uuid.UUID(int=0))),
    ),
    "group exists": ("PersonGroupExists", lambda client: client.person_group.create("employees", name="n")),
    "large group exists": (
        "LargePersonGroupExists",
        lambda client: client.large_person_group.create("visitors", name="n"),
    ),
    "list exists": ("FaceListExists", lambda client: client.face_list.create("watchlist", name="n")),
    "large list exists": ("LargeFaceListExists", lambda client: client.large_face_list.create("archive", name="n")),
    "no snapshot": ("SnapshotNotFound", lambda client: client.snapshot.get(str(uuid.UUID(int=0)))),
    "no operation": ("OperationNotFound", lambda client: client.snapshot.get_operation_status(str(uuid.UUID(int=0)))),
    "no such model": (
        "BadArgument",
        lambda client: client.person_group.create("new", name="n", recognition_model="recognition_09"),
    ),
    "no url": ("InvalidURL", lambda client: client.face_list.add_face_from_url("watchlist", "nowhere")),
}


@pytest.mark.parametrize("case", ERRORS)
def test_the_sdk_reads_the_code_of_an_error(clients: Clients, case: str) -> None:
    code, call = ERRORS[case]

    with pytest.raises(APIErrorException) as caught:
        call(clients[0])

    assert code_of(caught) == code


@pytest.mark.parametrize("kind", ["person_group", "large_person_group", "large_face_list"])
def test_never_trained_and_under_training(live: RunningEmulator, clients: Clients, kind: str) -> None:
    operations = getattr(clients[0], kind)
    operations.create("mine", name="Mine")
    name = "".join(word.title() for word in kind.split("_"))

    with pytest.raises(APIErrorException) as never:
        operations.get_training_status("mine")
    operations.train("mine")
    with pytest.raises(APIErrorException) as now:
        operations.train("mine")

    assert code_of(never) == f"{name}NotTrained"
    assert code_of(now) == f"{name}TrainingNotFinished"


def test_a_source_trained_during_the_take_makes_it_fail(live: RunningEmulator, clients: Clients) -> None:
    source = clients[0]
    operation = take(source, "PersonGroup", "employees")
    source.person_group.train("employees")
    live.advance(21)

    status = source.snapshot.get_operation_status(operation)

    assert status.status == OperationStatusType.failed
    assert status.message.startswith("Failed to retrieve the source object.")


def test_an_existing_target_and_one_out_of_scope_are_refused(live: RunningEmulator, clients: Clients) -> None:
    source, target = clients
    snapshot = taken(live, source, "FaceList", "watchlist")
    target.face_list.create("there", name="n")

    with pytest.raises(APIErrorException) as exists:
        target.snapshot.apply(snapshot, "there")
    with pytest.raises(APIErrorException) as not_in_scope:
        source.snapshot.apply(snapshot, "copy")

    assert code_of(exists) == "FaceListExists"
    assert code_of(not_in_scope) == "Forbidden"


def test_the_free_tier_throttles_the_sdk(run: Run) -> None:
    live = run(seed="demo", tier="F0")
    with clients_of(live) as (source, _):
        # The SDK waits out every 429 that says for how long.
        source.config.retry_policy.retries = 0
        for _ in range(20):
            source.person_group.list()
        with pytest.raises(APIErrorException) as caught:
            source.person_group.list()

    assert code_of(caught) == "429"


def test_a_retired_service_refuses_the_sdk(run: Run) -> None:
    with clients_of(run(seed="demo", service="retired")) as (source, _), pytest.raises(APIErrorException) as caught:
        take(source, "FaceList", "watchlist")

    assert code_of(caught) == "UnsupportedFeature"
