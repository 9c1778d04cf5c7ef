"""List the faces of an archive that have no image, as a manifest that can be filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from facesnap_cli.archives.archive import Archive

# The columns of a manifest and the keys of a document. `face_user_data` only helps to find the image.
MANIFEST_COLUMNS: Mapping[str, str | None] = {
    "person_id": "personId",
    "name": "name",
    "user_data": "userData",
    "persisted_face_id": "persistedFaceId",
    "path": None,
    "target_face": None,
    "detection_model": None,
    "face_user_data": "faceUserData",
}


def faces_without_image(path: Path, *, check: bool) -> list[dict[str, object]]:
    """Return each face without an image: {personId, name, userData, persistedFaceId, faceUserData}, by person.

    `userData` is the person's; in a list, which has no persons, it is None. With `check` the archive is checked first.
    """
    with Archive.opened(path) as archive:
        if check:
            archive.check()
        rows = archive.connection.execute(
            "SELECT p.person_id AS personId, p.name, p.user_data AS userData, f.face_id AS persistedFaceId,"
            " f.user_data AS faceUserData FROM faces AS f LEFT JOIN persons AS p USING (person_id)"
            " WHERE f.image IS NULL ORDER BY p.name, p.person_id, f.face_id"
        )
        return [dict(row) for row in rows]
