"""Import an archive: build an object in the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ImportParameters
from facesnap_cli.archives.importing.creation import Creation
from facesnap_cli.archives.importing.detection import Detection, describe_detections, detections_of
from facesnap_cli.archives.importing.doubt import Doubts
from facesnap_cli.archives.importing.existing_object import begin_additions, check_additions, record_lost_additions
from facesnap_cli.archives.importing.id_map_file import write_id_map
from facesnap_cli.archives.importing.import_items import Done, PendingFace, PendingPerson, Request
from facesnap_cli.archives.importing.import_result import ImportResult, refusal_of
from facesnap_cli.archives.importing.import_schema import ADDING, EXTENDING, FINISHED, TRAINING
from facesnap_cli.archives.importing.import_state import ImportState
from facesnap_cli.archives.importing.reconcile import check_rebuilt, record_lost_responses
from facesnap_cli.archives.importing.training import TrainingWait
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import (
    ConflictError,
    FacesnapError,
    OutcomeUnknownError,
    UsageError,
)
from facesnap_cli.common.escape import counted
from facesnap_cli.common.threads import stop_at_first_error
from facesnap_cli.face_api.account import Account
from facesnap_cli.face_api.paging import pages_for
from facesnap_cli.journal.transfer_record import import_state_path
from facesnap_cli.journal.transfers import RunningTransfer
from facesnap_cli.models.empty_user_data import notes_on_empty_as_absent
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.network.rate_limit import threads_for
from facesnap_cli.operations.parameters import VerifyLevel

PAGE = 500
_TRAINING_CALLS = 4  # usually: the start, and a few looks
MOST_FRUITLESS_ROUNDS = 3
# A round ends early after this many lost responses. If this many faces are refused and none is accepted, all would be.
MOST_LOST_RESPONSES = 50
MOST_REFUSED = 50
REST_S = 2.0  # before additions that the service refused for the moment are sent again


def import_archive(
    account: Account,
    archive: Archive,
    parameters: ImportParameters,
    state_directory: Path,
    clock: Clock,
    progress: RunningTransfer,
) -> ImportResult:
    """Build an object from an archive, or resume an interrupted import.

    Nothing is added twice: facesnap reads the object to learn what an earlier run or a lost response has added.
    `state_directory` keeps what was done. An earlier run that was killed after its last step is compared and reported
    again. With `additions` the object must exist, and gets what it lacks. Raises ConflictError if the object exists and
    is not this import's own unfinished one, VerificationError, and what the service's responses stand for.
    """
    account.begin_bulk_work()
    progress.begin("checking the archive")
    archive.check()
    parameters.check_limits(archive.head.persons, archive.count("image IS NOT NULL"))
    transfer_id = parameters.transfer(account).id
    with ImportState.opened(import_state_path(state_directory, transfer_id), archive, transfer_id) as state:
        return _Import(account, archive, state, parameters, clock, progress).run()


class _Import:
    def __init__(
        self,
        account: Account,
        archive: Archive,
        state: ImportState,
        parameters: ImportParameters,
        clock: Clock,
        progress: RunningTransfer,
    ):
        self._account = account
        self._objects = account.objects
        self._archive = archive
        self._head = archive.head
        self._kind: ObjectType = parameters.object_type
        self._state = state
        self._parameters = parameters
        self._object_id = parameters.object_id
        self._clock = clock
        self._progress = progress
        self._lost: list[FacesnapError] = []
        self._resumed = False
        self._is_begun = False  # the object is this import's own
        self._was_in_doubt = False
        self._doubts = Doubts(state, clock, progress, account.settings.http_timeout)
        self._threads = threads_for(account.settings.rate_limit)
        self._recognition_model = parameters.recognition_model or archive.head.recognition_model

    def run(self) -> ImportResult:
        """Build the object, and write the id map even if that fails.

        An import that is repeated after its end adds nothing, and writes the id map that it is asked for.
        """
        try:
            result = self._build()
        except FacesnapError:
            self._write_partial_id_map()
            raise
        self._write_id_map()
        self._state.begin(FINISHED, self._head.archive_id)
        return result

    def _write_id_map(self) -> None:
        if self._parameters.id_map:
            write_id_map(self._parameters.id_map, self._state.id_map())

    def _write_partial_id_map(self) -> None:
        """Write the map of what is built so far. A second error must not hide the first: it is a warning."""
        try:
            if self._is_begun:
                self._write_id_map()
        except FacesnapError as error:
            self._account.reporter.warn(error.message)

    def _build(self) -> ImportResult:
        if self._parameters.additions:
            found = self._objects.get(self._kind, self._object_id)
            self._recognition_model = found.recognition_model or self._recognition_model
            self._was_in_doubt = begin_additions(
                self._objects, found, self._archive, self._state, self._parameters, self._doubts, self._progress
            )
            held = self._state.done()
            detections = self._detections(self._state.faces_by_detection_model())
        else:
            held = Done(0, 0, 0)
            detections = self._detections(self._archive.faces_by_detection_model())
            self._create()
        self._is_begun = True
        self._add()
        status = self._train()
        absent = self._compare()
        refused = list(self._state.refused())
        done = self._state.done()
        document: dict[str, object] = {
            "type": self._kind.value,
            "additions": self._parameters.additions.value if self._parameters.additions else None,
            "objectId": self._object_id,
            "archive": str(self._archive.path),
            "archiveId": self._head.archive_id,
            "profile": self._account.profile,
            "persons": done.persons,
            "faces": done.faces,
            "personsAdded": done.persons - held.persons,
            "facesAdded": done.faces - held.faces,
            "facesWithoutImage": self._archive.count("image IS NULL"),
            "recognitionModel": self._recognition_model,
            "detectionModels": [detection.document() for detection in detections],
            "trainingStatus": status,
            "verified": level.value if (level := self._verify_level()) is not VerifyLevel.NONE else None,
            "refused": refused,
            "ledger": str(self._state.path),
            "leftOut": list(self._head.left_out),
        }
        return ImportResult(document, notes_on_empty_as_absent(absent), refusal_of(refused, self._object_id))

    def _detections(self, faces_by_model: Mapping[str | None, int]) -> list[Detection]:
        """Return the models that apply to faces, and say so."""
        detections = detections_of(faces_by_model, self._parameters.detection_model)
        if detections:
            self._account.reporter.note(describe_detections(detections))
        return detections

    def _compare(self) -> int:
        """Compare the object with the archive, and return how many empty user data it has as absent ones."""
        if self._verify_level() is VerifyLevel.NONE:
            return 0
        self._progress.begin("comparing with the archive")
        if self._parameters.additions:
            check_additions(self._objects, self._kind, self._state, self._object_id)
            return 0
        return check_rebuilt(
            self._objects,
            self._archive,
            self._kind,
            self._state,
            self._object_id,
            self._verify_level(),
            threads=self._threads,
        )

    def _create(self) -> None:
        """Create the object, or go on with the one that an earlier run of this import has created."""
        self._resumed = Creation(
            self._objects,
            self._head,
            self._state,
            self._parameters,
            self._doubts,
            self._recognition_model,
            self._progress.is_resumed,
        ).create()

    def _verify_level(self) -> VerifyLevel:
        """Return how to compare the object with the archive.

        At least quickly if it was finished earlier, or if a request was in doubt and may have acted twice. A full
        comparison adds nothing but the user data of persons' faces.
        """
        level = self._parameters.verify
        if level is VerifyLevel.FULL and not self._head.has_face_user_data:
            level = VerifyLevel.QUICK
        must_look = self._was_in_doubt or self._state.step == FINISHED
        return VerifyLevel.QUICK if must_look and level is VerifyLevel.NONE else level

    def _add(self) -> None:
        """Add everything missing, in rounds.

        Requests without a response stay in doubt while a round adds the rest. Before the next round nothing is in doubt
        any more, and facesnap looks for their results.
        """
        if self._state.step not in (ADDING, EXTENDING):
            return
        if self._resumed:
            self._record_lost_responses()
        if to_do := self._state.to_do():
            self._account.reporter.note(self._estimate(to_do))
        fruitless = 0
        while True:
            before = self._state.done().total
            self._add_round()
            was_in_doubt = self._doubts.outlast(ADDING)
            if not was_in_doubt and not self._lost:
                return
            self._was_in_doubt |= was_in_doubt
            self._clock.sleep(REST_S)
            self._record_lost_responses()
            self._state.settle_all(ADDING)
            fruitless = fruitless + 1 if self._lost and self._state.done().total == before else 0
            if fruitless == MOST_FRUITLESS_ROUNDS:
                raise self._lost[0]

    def _estimate(self, to_do: int) -> str:
        """Return how long the import takes: a request for each person and face, the training, and the comparison."""
        what = f"{to_do:,} persons and faces" if self._kind.has_persons else counted(to_do, "face")
        calls = to_do + _TRAINING_CALLS
        if self._verify_level() is not VerifyLevel.NONE:
            calls += pages_for(self._head.persons if self._kind.has_persons else self._head.faces) + 1
        if self._verify_level() is VerifyLevel.FULL:
            calls += self._head.faces
        return f"import of {what} into {self._object_id}: {self._account.estimate(calls)}"

    def _record_lost_responses(self) -> None:
        self._progress.begin("looking for what is there already")
        if self._parameters.additions:
            record_lost_additions(self._objects, self._kind, self._state, self._object_id)
        else:
            record_lost_responses(self._objects, self._kind, self._state, self._object_id)

    def _add_round(self) -> None:
        self._lost = []
        what = "adding persons and faces" if self._kind.has_persons else "adding faces"
        self._progress.begin(what, self._state.to_do())
        try:
            if self._kind.has_persons:
                stop_at_first_error(self._rebuild, self._persons(), threads=self._threads)
            else:
                self._add_list_faces()
        except UsageError:  # the service accepted no face at all: another try is possible
            self._state.forget_refusals()
            raise

    def _persons(self) -> Iterator[PendingPerson]:
        after = ""
        while page := self._state.persons_to_do(after, PAGE):
            for person in page:
                if len(self._lost) >= MOST_LOST_RESPONSES:
                    return
                yield person
            after = page[-1].person_id

    def _rebuild(self, person: PendingPerson) -> None:
        """Add a person, then each face in turn: the service allows no two additions to a person at once."""
        new_id = person.new_id or self._add_person(person)
        if new_id:
            for face in self._state.faces_to_do(person.person_id):
                if not self._add_face(face, new_id):
                    return

    def _add_list_faces(self) -> None:
        if self._doubts.left_s(ADDING) is not None:
            return  # a face is told only by its place in the order of additions
        after = ""
        while page := self._state.list_faces_to_do(after, PAGE):
            for face in page:
                if not self._add_face(face, None):
                    return
            after = page[-1].face_id

    def _add_person(self, person: PendingPerson) -> str | None:
        try:
            new_id = self._doubts.send(
                Request(ADDING, person.person_id, person.person_id),
                lambda on_send: self._objects.add_person(
                    self._kind, self._object_id, name=person.name, user_data=person.user_data, on_send=on_send
                ),
            )
        except UsageError as refusal:
            self._state.person_refused(person.person_id, refusal.message)
            return None
        except (OutcomeUnknownError, ConflictError) as failure:
            self._lost.append(failure)
            return None
        self._state.person_added(person.person_id, new_id)
        self._progress.advance()
        return new_id

    def _add_face(self, face: PendingFace, person_id: str | None) -> bool:
        """Add a face; return False if the result is unknown: then the person's next face must wait."""
        try:
            new_id = self._doubts.send(
                Request(ADDING, face.face_id, face.person_id),
                lambda on_send: self._objects.add_face(
                    self._kind,
                    self._object_id,
                    self._archive.image(face.image),
                    person_id=person_id,
                    user_data=face.user_data,
                    target_face=face.target_face,
                    detection_model=self._parameters.detection_model or face.detection_model,
                    on_send=on_send,
                ),
            )
        except UsageError as refusal:
            self._state.face_refused(face, refusal.message)
            self._check_refusals(refusal)
        except (OutcomeUnknownError, ConflictError) as failure:
            self._lost.append(failure)
            return False
        else:
            self._state.face_added(face, new_id)
        self._progress.advance()
        return True

    def _check_refusals(self, refusal: UsageError) -> None:
        """Raise UsageError if the service accepts no face at all."""
        done = self._state.done()
        if done.refused >= MOST_REFUSED and not done.faces:
            raise UsageError(
                f"the service refused each of the first {done.refused} faces; the last: {refusal.message}",
                hint="another --detection-model may help",
                details={"objectId": self._object_id},
            )

    def _train(self) -> str | None:
        """Train the object, wait, and return the training's status; None if there is nothing to train."""
        if not self._kind.is_trainable or not self._state.done().faces:
            return None
        if self._state.step == FINISHED:
            training = self._objects.training(self._kind, self._object_id)
            return training.status if training else None
        begun = self._state.step == TRAINING and not self._parameters.additions
        self._state.begin(TRAINING, self._head.archive_id)
        if begun:
            self._doubts.takes_effect(TRAINING, self._is_trained)
        self._progress.begin("training")
        wait = TrainingWait(
            self._objects,
            self._kind,
            self._object_id,
            self._clock,
            self._account.reporter,
            self._parameters.schedule,
            self._parameters.timeout_s,
        )
        return wait.train(self._start_training, begun=begun)

    def _start_training(self) -> None:
        """Start a training, unless another one of this import runs. It is sent again once if it had no effect."""
        request = Request(TRAINING)
        for is_last in (False, True):
            try:
                self._doubts.send(
                    request, lambda on_send: self._objects.train(self._kind, self._object_id, on_send=on_send)
                )
            except ConflictError:
                if self._parameters.additions:
                    raise
                return
            except OutcomeUnknownError:
                if self._doubts.takes_effect(TRAINING, self._is_trained):
                    return
                if is_last:
                    raise
            else:
                self._state.settle(request)
                return

    def _is_trained(self) -> bool:
        """Return whether a training was begun. One of an existing object may have been begun before the additions."""
        if self._parameters.additions:
            return False
        return self._objects.training(self._kind, self._object_id) is not None
