"""Create the object of an import, or recognize the one that an earlier run of it has created."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.archives.archive_parameters import ImportParameters
from facesnap_cli.archives.archive_schema import Head
from facesnap_cli.archives.importing.doubt import Doubts
from facesnap_cli.archives.importing.import_items import Request
from facesnap_cli.archives.importing.import_schema import ADDING, CREATING, EXTENDING, FINISHED
from facesnap_cli.archives.importing.import_state import ImportState
from facesnap_cli.common.errors import ConflictError, FacesnapError, OutcomeUnknownError
from facesnap_cli.face_api.object_api import ObjectApi
from facesnap_cli.journal.transfer_record import FINISHED_BEFORE


@dataclass(frozen=True, slots=True)
class Creation:
    """The creation of an object from an archive with this head. `is_resumed`: an earlier run was interrupted."""

    objects: ObjectApi
    head: Head
    state: ImportState
    parameters: ImportParameters
    doubts: Doubts
    recognition_model: str | None
    is_resumed: bool

    def create(self) -> bool:
        """Create the object, and return whether it exists already because this import has created it.

        Raises ConflictError if it exists and is not this import's own.
        """
        exists = self.doubts.takes_effect(CREATING, self._exists)
        step, archive_id = self.state.step, self.state.archive_id
        if exists:
            self._check_own(step)
        else:
            self.state.begin(CREATING, self.head.archive_id)
            self._send(step, archive_id)
        if not exists or step == CREATING:
            self.state.start_over(ADDING, self.head.archive_id, self.parameters.persons)
        return exists

    def _check_own(self, step: str | None) -> None:
        """Raise ConflictError unless an earlier run of this import has created the object.

        If that run finished the import, only its id map is left to write, or what a kill kept it from reporting.
        """
        kind, object_id = self.parameters.object_type, self.parameters.object_id
        is_own = self.state.archive_id == self.head.archive_id
        has_more = self.parameters.id_map or self.is_resumed
        if step is None or step == EXTENDING or (step == FINISHED and not (is_own and has_more)):
            raise ConflictError(
                f"{kind.value} {object_id} exists already; an import only builds new objects",
                hint="choose another --object-id"
                + (f"; the ids of the import that built it are in {self.state.path} (SQLite)" if step else ""),
                code=FINISHED_BEFORE if step else "",
                details={"objectId": object_id},
            )
        if not is_own:
            raise ConflictError(
                f"{kind.value} {object_id} is the unfinished import of another archive",
                hint="finish that one first, or choose another --object-id",
                details={"objectId": object_id},
            )
        found = self.objects.get(kind, object_id)
        if found.recognition_model and self.recognition_model not in (None, found.recognition_model):
            raise ConflictError(
                f"the unfinished import of {object_id} uses {found.recognition_model}, not {self.recognition_model}",
                hint="give the same --recognition-model as before, or choose another --object-id",
                details={"objectId": object_id},
            )
        if step == CREATING and (found.name or "") != (self.head.name or ""):
            raise ConflictError(
                f"{kind.value} {object_id} exists already, and is not what this import was about to create",
                hint="choose another --object-id",
                details={"objectId": object_id},
            )

    def _send(self, step: str | None, archive_id: str | None) -> None:
        """Create the object; after a refusal return to `step`, because an earlier run's work may exist after all."""
        try:
            self.doubts.send(
                Request(CREATING),
                lambda on_send: self.objects.create(
                    self.parameters.object_type,
                    self.parameters.object_id,
                    name=self.head.name,
                    user_data=self.head.user_data,
                    recognition_model=self.recognition_model,
                    on_send=on_send,
                ),
            )
        except OutcomeUnknownError:
            if not self.doubts.takes_effect(CREATING, self._exists):
                raise
        except FacesnapError:
            self.state.step_back(step, archive_id)
            raise

    def _exists(self) -> bool:
        return self.objects.exists(self.parameters.object_type, self.parameters.object_id)
