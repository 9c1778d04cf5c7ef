"""Choose what an import adds: the persons that are named, and the record by which an existing object is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import Additions, ImportParameters
from facesnap_cli.archives.importing.import_schema import CREATING, recorded_import
from facesnap_cli.common.errors import ConflictError, NotFoundError, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.journal.transfer_record import additions_id, import_id, import_state_path
from facesnap_cli.models.identity import ObjectIdentity

_SHOWN = 10


def person_ids_of(archive: Archive, named: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of persons in an archive that are named by id or name, each once, in order.

    Raises UsageError if one is not in the archive, or if a name fits several persons.
    """
    if named and not archive.head.object_type.has_persons:
        raise UsageError(f"{archive.path} has no persons: it is a {archive.head.object_type.value}")
    found = dict[str, None]()
    for text in named:
        ids = archive.person_ids(text)
        if not ids:
            raise UsageError(f"{archive.path} has no person {harmless(text)!r}", details={"person": text})
        if len(ids) > 1:
            more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
            raise UsageError(
                f"{len(ids)} persons of {archive.path} are named {harmless(text)}: {', '.join(ids[:_SHOWN])}{more}",
                hint="name the person by the id: --person ID",
                details={"person": text, "personIds": ids},
            )
        found[ids[0]] = None
    return tuple(found)


def known_by(
    parameters: ImportParameters, archive: Archive, target: ObjectIdentity, state_directory: Path
) -> ImportParameters:
    """Return the parameters with the id of the import that knows which persons of an existing object are the archive's.

    They are known by the id map of the import that built the object from this archive, or by their own ids if the
    archive was exported from the object. Raises ConflictError if neither is certain, because names tell nothing.
    """
    own = import_id(target)
    recorded = recorded_import(import_state_path(state_directory, own))
    if recorded and recorded.archive_id == archive.head.archive_id and recorded.step != CREATING:
        return replace(parameters, transfer_id=own)
    if parameters.additions is Additions.REFUSED:
        raise NotFoundError(
            f"no import of {archive.path} into {target.object_type} {target.object_id} is recorded here",
            hint="name the archive and the object of the import that ended with refusals; --into adds what is missing",
            details={"objectId": target.object_id},
        )
    if archive.head.compare(target).is_certain:
        return replace(parameters, transfer_id=additions_id(own, archive.head.archive_id))
    raise ConflictError(
        f"it is not known which persons and faces of {target.object_type} {target.object_id} are those of"
        f" {archive.path}: it was exported from {archive.head.identity}, and no import of it built this object",
        hint="export the object itself and use that archive, or build a new object with another --object-id",
        details={"objectId": target.object_id},
    )
