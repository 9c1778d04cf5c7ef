"""Test that Microsoft's Python SDK creates, reads, changes and deletes every kind of container."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from azure.cognitiveservices.vision.face.models import APIErrorException, TrainingStatusType

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.emulator.doors import png
from tests.emulator.sdk import GROUPS, KINDS, Container, client_of, clients_of, code_of


@pytest.fixture
def client(live: RunningEmulator) -> Iterator[Any]:
    with clients_of(live) as (source, _):
        yield source


@pytest.fixture(params=KINDS)
def container(request: pytest.FixtureRequest, client: Any) -> Container:
    return Container(client, request.param, "mine")


@pytest.fixture(params=[kind for kind in KINDS if kind != "FaceList"])
def trained(request: pytest.FixtureRequest, client: Any) -> Container:
    """One of the kinds that are trained, which are also those that are listed in pages."""
    return Container(client, request.param, "mine")


@pytest.fixture(params=GROUPS)
def group(request: pytest.FixtureRequest, client: Any) -> Container:
    return Container(client, request.param, "mine")


class TestContainers:
    def test_create_and_get(self, container: Container) -> None:
        container.create(name="Mine", user_data="data", recognition_model="recognition_03")

        found = container.get(return_recognition_model=True)

        assert (found.name, found.user_data, found.recognition_model) == ("Mine", "data", "recognition_03")
        assert container.id_of(found) == "mine"

    def test_list(self, container: Container) -> None:
        container.create(name="Mine")

        listed = [container.id_of(entry) for entry in container.operations.list()]

        assert listed == sorted(listed)
        assert "mine" in listed

    def test_update(self, container: Container) -> None:
        container.create(name="Mine", user_data="kept")

        container.operations.update("mine", name="Yours")

        found = container.get()
        assert (found.name, found.user_data) == ("Yours", "kept")

    def test_delete(self, container: Container) -> None:
        container.create(name="Mine")
        container.operations.delete("mine")

        with pytest.raises(APIErrorException) as caught:
            container.get()

        assert code_of(caught) == f"{container.kind}NotFound"

    def test_train(self, trained: Container, live: RunningEmulator) -> None:
        trained.fill()
        trained.operations.train("mine")
        early = trained.operations.get_training_status("mine")
        live.advance(21)
        late = trained.operations.get_training_status("mine")

        assert early.last_successful_training is None
        assert late.status == TrainingStatusType.succeeded
        assert late.last_successful_training >= late.created

    def test_pages(self, trained: Container) -> None:
        for number in range(3):
            Container(trained.client, trained.kind, f"zz{number}").create(name="n")

        page = trained.operations.list(start="zz0", top=1)

        assert [trained.id_of(entry) for entry in page] == ["zz1"]


class TestPersons:
    def test_create_get_list_update_delete(self, group: Container) -> None:
        group.create(name="Mine")
        persons = group.persons
        made = persons.create("mine", name="Ada", user_data="1815")
        persons.update("mine", made.person_id, name="Ada Lovelace")

        found = persons.get("mine", made.person_id)
        listed = persons.list("mine")
        persons.delete("mine", made.person_id)

        assert (found.person_id, found.name, found.user_data) == (made.person_id, "Ada Lovelace", "1815")
        assert found.persisted_face_ids == []
        assert [person.person_id for person in listed] == [made.person_id]
        assert persons.list("mine") == []

    def test_faces_by_stream(self, group: Container) -> None:
        group.create(name="Mine")
        person = group.persons.create("mine", name="Ada").person_id
        face = group.persons.add_face_from_stream(
            "mine", person, io.BytesIO(png(1)), user_data="front", target_face=[0, 0, 40, 40]
        ).persisted_face_id
        group.persons.update_face("mine", person, face, user_data="left")

        found = group.persons.get_face("mine", person, face)
        ids = group.persons.get("mine", person).persisted_face_ids
        group.persons.delete_face("mine", person, face)

        assert (found.persisted_face_id, found.user_data) == (face, "left")
        assert ids == [face]
        assert group.persons.get("mine", person).persisted_face_ids == []

    def test_faces_by_url(self, group: Container, live: RunningEmulator) -> None:
        group.create(name="Mine")
        person = group.persons.create("mine", name="Ada").person_id
        seeded = group.client.person_group_person.list("employees")[0].persisted_face_ids[0]

        url = f"{live.endpoint}/_emulator/images/{seeded}"
        face = group.persons.add_face_from_url("mine", person, url, detection_model="detection_03")

        assert group.persons.get("mine", person).persisted_face_ids == [face.persisted_face_id]


class TestListFaces:
    def test_a_face_list(self, client: Any) -> None:
        client.face_list.create("mine", name="Mine")
        face = client.face_list.add_face_from_stream("mine", io.BytesIO(png(1)), user_data="front").persisted_face_id
        shown = client.face_list.get("mine").persisted_faces
        client.face_list.delete_face("mine", face)

        assert [(entry.persisted_face_id, entry.user_data) for entry in shown] == [(face, "front")]
        assert client.face_list.get("mine").persisted_faces == []

    def test_a_large_face_list(self, client: Any) -> None:
        faces = client.large_face_list
        faces.create("mine", name="Mine")
        face = faces.add_face_from_stream("mine", io.BytesIO(png(1)), user_data="front").persisted_face_id
        faces.update_face("mine", face, user_data="left")
        found, listed = faces.get_face("mine", face), faces.list_faces("mine")
        faces.delete_face("mine", face)

        assert (found.persisted_face_id, found.user_data) == (face, "left")
        assert [entry.persisted_face_id for entry in listed] == [face]
        assert faces.list_faces("mine") == []

    def test_a_large_face_list_in_pages(self, client: Any) -> None:
        everything = [entry.persisted_face_id for entry in client.large_face_list.list_faces("archive")]

        page = client.large_face_list.list_faces("archive", start=everything[4], top=2)

        assert [entry.persisted_face_id for entry in page] == everything[5:7]


class TestRecognition:
    def test_identify(self, client: Any, live: RunningEmulator) -> None:
        person = client.person_group_person.list("employees")[1]
        image = live.image(person.persisted_face_ids[0])
        (face,) = client.face.detect_with_stream(io.BytesIO(image), recognition_model="recognition_04")

        (found,) = client.face.identify([face.face_id], person_group_id="employees")

        assert [candidate.person_id for candidate in found.candidates] == [person.person_id]
        assert found.candidates[0].confidence == 1.0

    def test_detect_by_url(self, client: Any, live: RunningEmulator) -> None:
        seeded = client.person_group_person.list("employees")[0].persisted_face_ids[0]

        (face,) = client.face.detect_with_url(
            f"{live.endpoint}/_emulator/images/{seeded}", return_recognition_model=True
        )

        assert (face.face_rectangle.width, face.recognition_model) == (64, "recognition_01")

    def test_find_similar(self, client: Any, live: RunningEmulator) -> None:
        seeded = client.face_list.get("watchlist").persisted_faces[3].persisted_face_id
        (face,) = client.face.detect_with_stream(io.BytesIO(live.image(seeded)))

        found = client.face.find_similar(face.face_id, face_list_id="watchlist")

        assert [entry.persisted_face_id for entry in found] == [seeded]


def test_a_wrong_key_is_refused(live: RunningEmulator) -> None:
    client = client_of(live, "wrong")

    with client, pytest.raises(APIErrorException) as caught:
        client.person_group.list()

    assert caught.value.response.status_code == 401
    assert code_of(caught) == "401"
