"""Compare a copy with its source: what they are called, what they hold, whether they are trained."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from facesnap_cli.common.errors import NotFoundError, UsageError, VerificationError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.time_format import format_time
from facesnap_cli.journal.account_paths import known_accounts, resource_of_snapshot
from facesnap_cli.operations.parameters import ApplyParameters, VerifyLevel

if TYPE_CHECKING:
    from facesnap_cli.common.reporter import Reporter
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.objects import Face, FaceObject, ObjectType, Person, Training
    from facesnap_cli.models.operations import Operation
    from facesnap_cli.operations.dependencies import Dependencies

FIRST = 1000  # so many persons or faces come with one request


class Description(NamedTuple):
    """The parts of an object that are compared. `content` is a digest of every person and face; empty below `full`.

    `facts` are not compared with the source: `observe` shows them again later.
    """

    name: str | None
    user_data: str | None
    recognition_model: str | None
    training_status: str | None
    persons: int
    faces: int
    content: str
    facts: Mapping[str, str]


def describe(account: Account, object_type: ObjectType, object_id: str, level: VerifyLevel) -> Description:
    """Read an object. Raises NotFoundError if it is missing."""
    head = account.objects.get(object_type, object_id)
    training = account.objects.training(object_type, object_id) if object_type.is_trainable else None
    persons = faces = content = 0
    first: list[Person | Face] = []

    def note(*parts: str | Iterable[str] | None) -> None:
        nonlocal content  # a sum, as two accounts need not list in the same order
        content += int.from_bytes(hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest())

    if object_type.has_persons:
        for person in account.objects.persons(object_type, object_id):
            persons += 1
            faces += len(person.face_ids)
            first += [person] if persons <= FIRST else []
            note(person.person_id, person.name, person.user_data, sorted(person.face_ids))
    else:
        for face in account.objects.faces(object_type, object_id):
            faces += 1
            first += [face] if faces <= FIRST else []
            note(face.face_id, face.user_data)
    return Description(
        head.name,
        head.user_data,
        head.recognition_model,
        training.status if training else None,
        persons,
        faces,
        f"{content % 2**256:064x}" if level is VerifyLevel.FULL else "",
        _facts(head, training, first),
    )


def observe(account: Account, object_type: ObjectType, object_id: str) -> Mapping[str, str]:
    """Return facts of an object by three requests at most: its head, its training, its first persons or faces.

    Two moments with the same facts show the same object. Raises NotFoundError if it is missing.
    """
    head = account.objects.get(object_type, object_id)
    training = account.objects.training(object_type, object_id) if object_type.is_trainable else None
    entries = account.objects.persons if object_type.has_persons else account.objects.faces
    return _facts(head, training, list(itertools.islice(entries(object_type, object_id), FIRST)))


def counted_facts(object_type: ObjectType, persons: int | None, faces: int | None) -> Mapping[str, str]:
    """Return the facts that follow from counts, for copies that were recorded without facts."""
    known = {"persons": persons} if object_type.has_persons else {"faces": faces}
    return {name: _number(count) for name, count in known.items() if count is not None}


def _facts(head: FaceObject, training: Training | None, first: Sequence[Person | Face]) -> Mapping[str, str]:
    number = _number(len(first))
    return {
        "name": _digest(head.name),
        "user data": _digest(head.user_data),
        "recognition model": head.recognition_model or "",
        "training": f"{training.status} {format_time(training.last_success)}" if training else "",
        ("persons" if head.object_type.has_persons else "faces"): number,
        "content": _digest(sorted(map(repr, first))),
    }


def _number(count: int) -> str:
    return str(count) if count < FIRST else f"{FIRST} or more"


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Place(NamedTuple):
    """An object in an account."""

    account: Account
    object_type: ObjectType
    object_id: str

    @property
    def name(self) -> str:
        return self.account.place(self.object_id)


def check_copy(source: Description, target: Description, origin: Place, made: Place) -> None:
    """Raise VerificationError, naming both and what differs, unless both are the same."""
    differences = [
        name for name in Description._fields if name != "facts" and getattr(source, name) != getattr(target, name)
    ]
    if differences:
        shown = [
            f"{name.replace('_', ' ')} {getattr(source, name)!r} became {getattr(target, name)!r}"
            if name != "content"
            else "persons or faces differ"
            for name in differences
        ]
        raise VerificationError(
            f"{made.object_type.value} {made.name} differs from its source {origin.name}: {'; '.join(shown)}",
            hint="the source may have changed after the snapshot was taken; keep the older copy until this is clear",
            details={
                "objectType": made.object_type.value,
                "objectId": made.object_id,
                "profile": made.account.profile,
                "sourceObjectId": origin.object_id,
                "sourceProfile": origin.account.profile,
                "differences": differences,
            },
            subject=made.name,
        )


def source_to_verify(
    dependencies: Dependencies, target: Account, parameters: ApplyParameters, level: VerifyLevel
) -> Place | None:
    """Return the object to compare a copy with; None if nothing is to be compared. Raises like `source_of`."""
    return None if level is VerifyLevel.NONE else source_of(dependencies, target, parameters)


def source_of(dependencies: Dependencies, target: Account, parameters: ApplyParameters) -> Place:
    """Return the object that a snapshot was taken from, by this machine's journal, else by tag and account.

    Raises UsageError if it is not known, or if no profile reaches it: nothing could be compared.
    """
    snapshot, object_id, accounts = parameters.snapshot, parameters.object_id, dependencies.accounts
    take, kind = dependencies.journal.take_of(snapshot.id), parameters.object_type
    if take and take.object_id:
        source = Place(accounts.of_operation(take), kind, take.object_id)
    else:
        complete = known_accounts(dependencies.journal)
        taken_in = resource_of_snapshot(dependencies.journal, snapshot)
        owner = accounts.of_resource(taken_in, complete)
        if snapshot.object_id is None or owner is None:
            what = "object" if snapshot.object_id is None else "profile of its subscription"
            raise UsageError(
                f"snapshot {snapshot.id} cannot be verified: the {what} that it was taken from is not known here",
                hint=f"give the profile of subscription {snapshot.subscription_id or '?'} its subscription_id"
                if snapshot.object_id
                else "apply it with --verify none, and compare by other means",
            )
        source = Place(owner, kind, snapshot.object_id)
        if not complete(owner.resource).compare(taken_in).is_certain:
            dependencies.note_once(
                f"comparing with {source.name}, the only profile of the snapshot's subscription;"
                f" it is not known whether it leads to {snapshot.account}"
            )
    if source.account is target and source.object_id == object_id:
        raise UsageError(f"{object_id} is the snapshot's own source: there is nothing to compare it with")
    return source


def verify_apply(
    operation: Operation, level: VerifyLevel, target: Account, source: Place | None, reporter: Reporter
) -> None:
    """Compare what an apply created with its source, and note that they are the same; without a source do nothing.

    Raises VerificationError, or what reading raises.
    """
    if source is None:
        return
    made = Place(target, source.object_type, operation.object_id)
    copy = describe(target, made.object_type, made.object_id, level)
    try:
        original = describe(source.account, source.object_type, source.object_id, level)
    except NotFoundError as error:
        raise VerificationError(
            f"{operation.object_id} was applied, but its source {source.object_id} is gone: they cannot be compared",
            details={"objectId": operation.object_id},
        ) from error
    check_copy(original, copy, source, made)
    counts = [counted(copy.persons, "person")] if made.object_type.has_persons else []
    counts += [counted(copy.faces, "face"), *(["every id"] if level is VerifyLevel.FULL else [])]
    reporter.note(f"verified: {operation.object_id} is the same as {source.object_id} ({', '.join(counts)})")
