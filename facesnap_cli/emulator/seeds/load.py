"""Create the objects of a seed in the store."""

from __future__ import annotations

from collections.abc import Iterable

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.limits import TIERS
from facesnap_cli.emulator.protocol.service_errors import ServiceError
from facesnap_cli.emulator.seeds.files import Seed, SeedFace, SeedObject
from facesnap_cli.emulator.store import Store
from facesnap_cli.emulator.store.containers import Container
from facesnap_cli.emulator.store.faces import NOBODY

# The ids are those of `person_id` and `face_id` in files.py.
_ADD_PERSONS = """
    WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
    INSERT INTO persons
    SELECT :object, guid(printf('%s000140008000%012x', :prefix, n)), 'Person ' || n, NULL, :last_place FROM numbers
"""
_ADD_FACES = """
    WITH RECURSIVE
        numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last),
        places(k) AS (SELECT :first_place UNION ALL SELECT k + 1 FROM places WHERE k < :last_place)
    INSERT INTO faces
    SELECT
        :object,
        CASE :first_place WHEN 0 THEN x'' ELSE guid(printf('%s000140008000%012x', :prefix, n)) END,
        guid(printf('%s00024%03x8000%012x', :prefix, k, n)),
        guid(printf('%s00024%03x8000%012x', :prefix, k, n)),
        NULL,
        :now
    FROM numbers, places
"""


def load(store: Store, seed: Seed) -> None:
    """Create the seed's objects in the caller's transaction. Raises UsageError if the service would refuse one."""
    for image, faces in seed.images.items():
        store.pictures.mark(image, faces)
    for item in seed.objects:
        try:
            _create(store, item)
        except ServiceError as error:
            raise UsageError(f"seed, {item.kind.name} {item.id}: {error.message}") from error


def _create(store: Store, item: SeedObject) -> None:
    account, tier = item.account.name, TIERS["S0"]

    def current() -> Container:
        return store.containers.get(account, item.kind, item.id)

    def add_faces(owner: bytes, faces: Iterable[SeedFace]) -> None:
        for face in faces:
            store.faces.add(current(), owner, tier, image=face.image, user_data=face.user_data, face_id=face.id)

    store.containers.create(
        account, item.kind, item.id, tier, name=item.name, user_data=item.user_data, model=item.recognition_model
    )
    for person in item.persons:
        store.persons.create(current(), tier, name=person.name, user_data=person.user_data, person_id=person.id)
        add_faces(person.id, person.faces)
    add_faces(NOBODY, item.faces)
    if item.count:
        _generate(store, current(), item)
    if item.trained:
        store.containers.train(account, item.kind, item.id, duration_s=0)


def _generate(store: Store, container: Container, item: SeedObject) -> None:
    """Add `item.count` generated persons or faces."""
    written = len(item.persons) + len(item.faces)
    # Each person's faces have the places 1, 2, …; a face of a list has the place 0.
    places = range(1, item.faces_per_person + 1) if item.kind.has_persons else range(1)
    values: dict[str, object] = {
        "object": container.object,
        "prefix": item.id_prefix,
        "first": written + 1,
        "last": written + item.count,
        "first_place": places.start,
        "last_place": places.stop - 1,
        "now": store.state.now(),
    }
    # The database generates the rows itself: to insert a million from here would take minutes.
    if item.kind.has_persons:
        store.state.connection.execute(_ADD_PERSONS, values)
        store.containers.count(container, persons=item.count)
    if places:
        store.state.connection.execute(_ADD_FACES, values)
        store.containers.count(container, faces=item.count * len(places))
