"""Report which images went to which faces, and what was left over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from facesnap_cli.archives.images.matching import (
    CONTENDED,
    UNNEEDED,
    UNUSABLE,
    BaseImage,
    Entry,
    Matching,
    SharedImage,
    UnusedFolder,
)
from facesnap_cli.common.escape import counted, harmless

_MOST_SHOWN = 10


@dataclass(slots=True)
class MatchingReport:
    """The result of matching: the files of a source and the faces of an object.

    `carried` are the faces whose image came from the base, `dropped` those whose image in the base is now another's.
    `rows_without_path` counts the rows of a manifest that are still to be filled in. Without `has_face_user_data` no
    file was matched by the user data of a person's face.
    `shared` are images of several persons. `bare` are the faces without an image.
    """

    origin: str
    matched: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    carried: list[dict[str, object]] = field(default_factory=list)
    dropped: list[dict[str, object]] = field(default_factory=list)
    contended: list[Entry] = field(default_factory=list)
    unusable: list[Entry] = field(default_factory=list)
    missed: list[Entry] = field(default_factory=list)
    unused_files: list[Entry] = field(default_factory=list)
    unused_folders: list[UnusedFolder] = field(default_factory=list)
    single_files: list[Entry] = field(default_factory=list)
    shared: list[SharedImage] = field(default_factory=list)
    bare: list[dict[str, object]] = field(default_factory=list)
    is_sharing_allowed: bool = False
    rows_without_path: int = 0
    has_face_user_data: bool = True

    def count(self, rule: str) -> None:
        """Count a match."""
        self.matched += 1
        self.by_rule[rule] = self.by_rule.get(rule, 0) + 1

    def carry(self, matching: Matching, images: Iterable[BaseImage]) -> None:
        """Add the base's images of faces that got none."""
        for image, is_kept in matching.carry(images):
            entry: dict[str, object] = {"faceId": image.face_id, "file": image.name}
            (self.carried if is_kept else self.dropped).append(entry)

    def share(self, matching: Matching) -> list[str]:
        """Add the images that several persons would share, and return the faces that must not have them."""
        self.shared = matching.shared()
        dropped = [] if self.is_sharing_allowed else [face for image in self.shared for face in image.face_ids]
        matching.drop(dropped)
        self.carried = [entry for entry in self.carried if entry["faceId"] not in set(dropped)]
        return dropped

    def take_over(self, matching: Matching) -> None:
        """Add the faces without an image, and the files that went to no face."""
        bare = list(matching.bare_faces())
        self.bare = [face.document() for face in bare]
        bare_owners = {face.person_id or face.face_id for face in bare}
        self.missed = [entry for owner, entry in matching.unusable_owners() if owner in bare_owners]
        self.contended = list(matching.entries(CONTENDED))
        self.unusable = list(matching.entries(UNUSABLE, UNNEEDED))
        self.unused_files = list(matching.unused_files())
        self.unused_folders = list(matching.unused_folders())
        self.single_files = list(matching.unused_files(outside_folders=True))

    def warnings(self) -> list[str]:
        """Return lines for people about images, a limited number of each kind."""
        return [
            *_limited(f"image not used: {_line(entry)}" for entry in self.unusable),
            *_limited(f"image of no certain face: {_line(entry)}" for entry in self.contended),
            *_limited(
                f"one image for several persons: {image.sha256[:16]}… for the faces {', '.join(image.face_ids)}"
                + (f", and the same in {harmless(', '.join(image.files))}" if image.files else "")
                + ("" if self.is_sharing_allowed else "; none of them gets it")
                for image in self.shared
            ),
            *_limited(
                f"image dropped: that of face {entry['faceId']} in the base now belongs to another"
                for entry in self.dropped
            ),
            *_limited(_folder(entry) for entry in self.unused_folders),
            *_limited(f"image of no face: {_line(entry)}" for entry in self.single_files),
            *_carried(self.carried),
            *self._undecided(),
            *self._rows_left(),
        ]

    def _undecided(self) -> Iterator[str]:
        """Yield the one line about files that might be matched by what was left out."""
        if self.unused_files and not self.has_face_user_data:
            files = counted(len(self.unused_files), "unused file")
            yield f"{files} may be named by the user data of faces, which is not read"

    def _rows_left(self) -> Iterator[str]:
        """Yield the one line about rows that are still to be filled in."""
        if self.rows_without_path:
            have = "has" if self.rows_without_path == 1 else "have"
            yield f"{counted(self.rows_without_path, 'row')} of {harmless(self.origin)} {have} no path yet"

    def bare_lines(self) -> list[str]:
        """Return lines that name the faces without an image, a limited number."""
        return list(_limited(f"no image: {_face(entry)}" for entry in self.bare))

    def document(self) -> dict[str, object]:
        """Return the JSON form, whole."""
        return {
            "images": self.origin,
            "matched": self.matched,
            "byRule": dict(sorted(self.by_rule.items())),
            "carried": self.carried,
            "dropped": self.dropped,
            "contended": [entry._asdict() for entry in self.contended],
            "unusable": [entry._asdict() for entry in self.unusable],
            "sharedImages": [image.document() for image in self.shared],
            "unusedFiles": [entry.place for entry in self.unused_files],
            "unusedFolders": [{"folder": entry.folder, "files": entry.files} for entry in self.unused_folders],
            "rowsWithoutPath": self.rows_without_path,
            "facesWithoutImage": self.bare,
        }


def _carried(faces: list[dict[str, object]]) -> Iterator[str]:
    """Yield the one line about images of the base."""
    if faces:
        shown = ", ".join(str(face["faceId"]) for face in faces[:_MOST_SHOWN])
        more = f" and {len(faces) - _MOST_SHOWN:,} more" if len(faces) > _MOST_SHOWN else ""
        yield f"{counted(len(faces), 'image')} carried on from the base, for want of a file: faces {shown}{more}"


def _limited(lines: Iterable[str]) -> Iterator[str]:
    """Yield the first lines, and how many more there are."""
    more = 0
    for number, line in enumerate(lines):
        if number < _MOST_SHOWN:
            yield line
        else:
            more += 1
    if more:
        yield f"and {more:,} more of that kind; -o json lists all"


def _line(entry: Entry) -> str:
    return harmless(f"{entry.place}: {entry.reason}" if entry.reason else entry.place)


def _folder(entry: UnusedFolder) -> str:
    kind = "of no person" if entry.is_nobodys else "without a file that was used" if entry.files else "without a file"
    return f"folder {kind}: {harmless(entry.folder)}" + (f" ({counted(entry.files, 'file')})" if entry.files else "")


def _face(entry: dict[str, object]) -> str:
    person = f" of {entry['name'] or entry['personId']}" if entry["personId"] else ""
    return harmless(f"face {entry['faceId']}{person}")
