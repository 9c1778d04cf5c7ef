"""Match the images of a directory with faces by the names of files and folders."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from facesnap_cli.archives.images.image import NONE_KEPT, SUFFIXES, ImageFile, digest_of, shared
from facesnap_cli.common.escape import harmless
from facesnap_cli.models.objects import Face, Person


class ImageDirectory:
    """A directory of images. The image of a face is the first of these:

    - a file whose name without its suffix is the face's id, in the person's folder or at the top;
    - the file that the face's user data names, relative to the person's folder or to the top, with or without suffix;
    - the next remaining file of the person's folder, in the order of their names.

    A person's folder is named after the person or the person's id. All images of a list are at the top.
    """

    def __init__(self, root: Path):
        self.origin = self._root = root
        self._real_root = root.resolve()
        self._unmatched: list[str] = []
        self._owners: dict[tuple[int, int], str] = {}  # person ids by device and inode of their folders

    def claim(self, person: Person) -> None:
        folder = self._folder_of(person)
        if folder is None:
            return
        found = folder.stat()
        owner = self._owners.setdefault((found.st_dev, found.st_ino), person.person_id)
        if owner != person.person_id:
            raise shared(f"{harmless(str(folder))}", person, owner, hint="name the folders by personId")

    def match(
        self, person: Person | None, faces: Sequence[Face], kept: Mapping[str, Face] = NONE_KEPT
    ) -> dict[str, ImageFile]:
        folder = self._folder_of(person) if person else None
        places = [place for place in (folder, self._root) if place]
        found: dict[str, ImageFile] = {}
        for face in faces:
            if path := self._image_of(face, places):
                found[face.face_id] = ImageFile(path)
        if folder:
            taken = {image.path for image in found.values()} | {self._image_of(face, places) for face in kept.values()}
            left = sorted(path for path in folder.iterdir() if _is_image(path) and path not in taken)
            if kept:
                left = [path for path in left if digest_of(path) not in kept]
            faceless = [face.face_id for face in faces if face.face_id not in found]
            found |= {face_id: ImageFile(path) for face_id, path in zip(faceless, left, strict=False)}
            self._unmatched += [str(path) for path in left[len(faceless) :]]
        return found

    def unmatched(self) -> list[str]:
        return self._unmatched

    def _folder_of(self, person: Person) -> Path | None:
        names = [person.person_id]
        if person.name:
            names += [unicodedata.normalize(form, person.name) for form in ("NFC", "NFD")]
        folders = (self._inside(self._root, name) for name in names)
        return next((path for path in folders if path and path.parent == self._root and self._leads_inside(path)), None)

    def _image_of(self, face: Face, places: Sequence[Path]) -> Path | None:
        return next(self._named(face.face_id, places), None) or next(self._named(face.user_data, places), None)

    def _named(self, name: str | None, places: Sequence[Path]) -> Iterator[Path]:
        for place in places:
            for suffix in ("", *SUFFIXES, *(suffix.upper() for suffix in SUFFIXES)):
                path = self._inside(place, f"{name}{suffix}") if name else None
                if path and _is_image(path) and self._leads_inside(path.parent):
                    yield path

    def _inside(self, place: Path, name: str) -> Path | None:
        """Return the path of a name, unless it leads out of the directory: names and user data are untrusted."""
        path = place / name
        return path if ".." not in path.parts and path.is_relative_to(self._root) and path != self._root else None

    def _leads_inside(self, folder: Path) -> bool:
        """Return whether a path is a directory, and not a link to one outside."""
        return os.path.isdir(folder) and folder.resolve().is_relative_to(self._real_root)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and os.path.isfile(path)  # isfile() never raises, even for a long name
