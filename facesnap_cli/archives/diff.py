"""Compare two archives of an object, or an archive and the present object."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.export import list_object
from facesnap_cli.archives.partial_archive import PartialArchive
from facesnap_cli.archives.safe_open import prepare
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import UsageError, VerificationError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.progress import Progress
from facesnap_cli.common.sqlite import DamagedError, InterruptibleConnection
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.empty_user_data import is_empty_as_absent, notes_on_empty_as_absent

Difference = dict[str, object]

_QUERIES = (
    """
    SELECT 'changed' AS change, 'object' AS kind, o.object_id AS id, o.name AS name, part.value AS what,
    CASE part.value WHEN 'name' THEN o.name WHEN 'userData' THEN o.user_data ELSE o.recognition_model END AS old,
    CASE part.value WHEN 'name' THEN n.name WHEN 'userData' THEN n.user_data ELSE n.recognition_model END AS new
    FROM old.object AS o, new.object AS n, json_each('["name", "userData", "recognitionModel"]') AS part
    WHERE old IS NOT new
    """,
    """
    SELECT 'removed', 'person', o.person_id, o.name, NULL, NULL, NULL FROM old.persons AS o
    WHERE NOT EXISTS (SELECT 1 FROM new.persons WHERE person_id = o.person_id) ORDER BY o.person_id
    """,
    """
    SELECT 'added', 'person', n.person_id, n.name, NULL, NULL, NULL FROM new.persons AS n
    WHERE NOT EXISTS (SELECT 1 FROM old.persons WHERE person_id = n.person_id) ORDER BY n.person_id
    """,
    """
    SELECT 'renamed', 'person', o.person_id, n.name, 'name', o.name, n.name
    FROM old.persons AS o JOIN new.persons AS n USING (person_id) WHERE o.name IS NOT n.name ORDER BY o.person_id
    """,
    """
    SELECT 'changed', 'person', o.person_id, n.name, 'userData', o.user_data, n.user_data
    FROM old.persons AS o JOIN new.persons AS n USING (person_id)
    WHERE o.user_data IS NOT n.user_data ORDER BY o.person_id
    """,
    """
    SELECT 'removed', 'face', o.face_id, p.name, NULL, NULL, NULL FROM old.faces AS o
    LEFT JOIN old.persons AS p USING (person_id)
    WHERE NOT EXISTS (SELECT 1 FROM new.faces WHERE face_id = o.face_id) ORDER BY o.face_id
    """,
    """
    SELECT 'added', 'face', n.face_id, p.name, NULL, NULL, NULL FROM new.faces AS n
    LEFT JOIN new.persons AS p USING (person_id)
    WHERE NOT EXISTS (SELECT 1 FROM old.faces WHERE face_id = n.face_id) ORDER BY n.face_id
    """,
)
_FACE_USER_DATA = """
    SELECT 'changed', 'face', o.face_id, p.name, 'userData', o.user_data, n.user_data
    FROM old.faces AS o JOIN new.faces AS n USING (face_id) LEFT JOIN new.persons AS p ON p.person_id = n.person_id
    WHERE o.user_data IS NOT n.user_data ORDER BY o.face_id
    """
# The same image with another rectangle shows another face.
_IMAGES = """
    SELECT 'changed', 'face', o.face_id, p.name, part.value AS what,
    CASE part.value WHEN 'image' THEN o.image WHEN 'targetFace' THEN o.target_face ELSE o.detection_model END AS old,
    CASE part.value WHEN 'image' THEN n.image WHEN 'targetFace' THEN n.target_face ELSE n.detection_model END AS new
    FROM old.faces AS o JOIN new.faces AS n USING (face_id) LEFT JOIN new.persons AS p ON p.person_id = n.person_id,
    json_each('["image", "targetFace", "detectionModel"]') AS part
    WHERE old IS NOT new AND (o.image IS n.image OR part.value = 'image') ORDER BY o.face_id
    """
_STRANGERS = """
    SELECT EXISTS (SELECT 1 FROM old.faces UNION ALL SELECT 1 FROM old.persons)
    AND EXISTS (SELECT 1 FROM new.faces UNION ALL SELECT 1 FROM new.persons)
    AND NOT EXISTS (SELECT 1 FROM old.faces AS o JOIN new.faces AS n USING (face_id))
    AND NOT EXISTS (SELECT 1 FROM old.persons AS o JOIN new.persons AS n USING (person_id))
    """
_KEYS = ("change", "kind", "id", "name", "what", "old", "new")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences, and notes on what was not compared.

    `strangers`: no id of a person or face is in both, as after an import.
    """

    differences: list[Difference]
    strangers: bool
    notes: Sequence[str] = ()

    @property
    def failure(self) -> VerificationError | None:
        """The error by which a script learns of differences; None without differences."""
        if not self.differences:
            return None
        why = "the ids differ altogether: an imported object has new ones; import --verify full compares what it built"
        images = self.changed_images
        counts = f" (images: {', '.join(f'{number:,} {change}' for change, number in images.items())})"
        return VerificationError(
            counted(len(self.differences), "difference") + (counts if images else ""),
            hint=why if self.strangers else "",
            details={"differences": len(self.differences), "images": images},
        )

    @property
    def changed_images(self) -> dict[str, int]:
        """The numbers of faces whose image was replaced, gained or lost, without zeros."""
        return Counter(
            "gained" if difference["old"] is None else "lost" if difference["new"] is None else "replaced"
            for difference in self.differences
            if difference["what"] == "image"
        )


def compare_archives(old: Path, new: Path) -> Comparison:
    """Return the changes from one archive to a later one: {change, kind, id, name, what, old, new}.

    `change` is removed, added, renamed or changed; `kind` is object, person or face, where `name` is the person's.
    `what` is the part that changed; an image is its SHA-256, None without one. What one of them lacks is no difference.
    Raises UsageError if their types differ, and the errors of opening them.
    """
    with Archive.opened(old) as first, Archive.opened(new) as second:
        first.check()
        second.check()
        if first.head.object_type is not second.head.object_type:
            raise UsageError(
                f"{old} is of a {first.head.object_type.value}, {new} of a {second.head.object_type.value}"
            )
        notes = [
            f"the user data of faces is not compared: {archive.path} was exported without it"
            for archive in (first, second)
            if not archive.head.has_face_user_data
        ]
        queries = (*_QUERIES, _IMAGES) if notes else (*_QUERIES, _FACE_USER_DATA, _IMAGES)
        return replace(_compared(first, second, queries), notes=notes)


def compare_with_service(
    account: Account, old: Path, object_id: str | None, clock: Clock, progress: Progress
) -> Comparison:
    """Return the changes since an archive was written, as `compare_archives` does.

    The object is the archive's, or `object_id`. Images are not compared, because the service never returns them; nor is
    the user data of persons' faces, because each would need a request. Raises NotFoundError, and the errors of reading.
    """
    account.begin_bulk_work()
    with Archive.opened(old) as archive:
        archive.check()
        object_type, object_id = archive.head.object_type, object_id or archive.head.object_id
        notes = ["images are not compared: Face never returns them"] if archive.count("image IS NOT NULL") else []
        with (
            tempfile.TemporaryDirectory(prefix="facesnap-") as directory,
            PartialArchive.opened(Path(directory) / "now", clock) as partial,
        ):
            partial.begin(account.identity_of(object_type, object_id))
            list_object(account, object_type, object_id, partial, progress)
            queries = _QUERIES if object_type.has_persons else (*_QUERIES, _FACE_USER_DATA)
            compared = _compared(archive, partial, queries)
    differences = [difference for difference in compared.differences if not _is_empty_as_absent(difference)]
    notes += notes_on_empty_as_absent(len(compared.differences) - len(differences))
    return Comparison(differences, compared.strangers, notes)


def _is_empty_as_absent(difference: Difference) -> bool:
    return difference["what"] == "userData" and is_empty_as_absent(difference["old"], difference["new"])


def _compared(old: Archive, new: Archive | PartialArchive, queries: Sequence[str]) -> Comparison:
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=InterruptibleConnection)
    connection.text_factory = lambda data: data.decode(errors="replace")
    try:
        prepare(connection)
        old.copy_to(connection, "old")
        new.copy_to(connection, "new")
        found = [dict(zip(_KEYS, row, strict=True)) for query in queries for row in connection.execute(query)]
        return Comparison(found, bool(connection.execute(_STRANGERS).fetchone()[0]))
    except sqlite3.Error as error:
        raise connection.interruption or DamagedError(f"{old.path} cannot be compared: {error}") from error
    finally:
        connection.close()
