"""Index the files of a directory tree by whom their names and folders name."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from facesnap_cli.archives.images import names
from facesnap_cli.archives.images.object_index import FACE_ID, USER_DATA, Named, ObjectIndex
from facesnap_cli.archives.images.sources import SourceImage
from facesnap_cli.common.errors import OperationFailedError, UsageError
from facesnap_cli.common.escape import harmless, storable


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of the tree, and the owners that it and the folders above it may mean."""

    path: str
    name: str = ""
    rule: str = USER_DATA
    face_id: str | None = None
    owners: frozenset[int] | None = None
    keys: frozenset[str] = frozenset()

    def narrowed(self, named: Named) -> _Folder:
        """Return the folder with only those owners that all names mean."""
        owners = named.owners if self.owners is None else self.owners & named.owners
        return replace(self, owners=owners, rule=named.rule, keys=self.keys | named.keys)

    def of_face(self, face_id: str) -> _Folder:
        """Return the folder as that of one face, or of nobody if it is another face's already."""
        owners = self.owners if self.face_id in (None, face_id) else frozenset[int]()
        return replace(self, owners=owners, rule=FACE_ID, face_id=face_id)


class ImageDirectory:
    """A directory of images, with all folders in it. Hidden files and folders are ignored."""

    rows_without_path = 0

    def __init__(self, root: Path):
        self.origin = self._root = root
        self.folders_without_file: list[str] = []

    def check(self, index: Callable[[], ObjectIndex]) -> None:
        """Raise UsageError if a folder cannot be read, before that costs the requests of an export."""
        for _, folders, _ in os.walk(self._root, onerror=self._refuse):
            folders[:] = [folder for folder in folders if not folder.startswith(".")]

    def images(self, index: ObjectIndex) -> Iterator[SourceImage]:
        """Yield every file of the tree, in the order of their paths.

        Raises OperationFailedError for a folder that cannot be read, and if the directory is another in the end, as
        after its disk was unmounted. A folder that somebody deletes meanwhile has no file.
        """
        self.folders_without_file = []
        try:
            before = os.stat(self._root)
            yield from self._walk(index, _Folder(str(self._root)), (os.path.realpath(self._root),))
            if not os.path.samestat(before, os.stat(self._root)):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self._root))
        except OSError as error:
            raise OperationFailedError(
                f"{harmless(str(error.filename))}: {error.strerror}", hint="run the same command again to resume"
            ) from error

    def _walk(self, index: ObjectIndex, folder: _Folder, above: tuple[str, ...]) -> Iterator[SourceImage]:
        try:
            with os.scandir(folder.path) as found:
                entries = sorted(
                    (entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name
                )
        except OSError as error:
            if not self._is_deleted(error):
                raise
            entries = []
        if folder.name and not entries:
            self.folders_without_file.append(folder.path)
        for entry in entries:
            name = f"{folder.name}/{entry.name}" if folder.name else entry.name
            if not entry.is_dir():
                yield _image(index, folder, entry, name)  # also what cannot be read, so that it is named
                continue
            real = os.path.realpath(entry.path) if entry.is_symlink() else f"{above[-1]}{os.sep}{entry.name}"
            # A link to another folder of the tree counts, but one that leads out of it, or upwards, does not.
            if real not in above and real.startswith(above[0] + os.sep):
                inner = replace(folder, path=entry.path, name=name)
                yield from self._walk(index, _named_folder(index, inner, entry.name), (*above, real))
            else:
                self.folders_without_file.append(entry.path)

    def _refuse(self, error: OSError) -> None:
        if not self._is_deleted(error):
            raise UsageError(f"{harmless(str(error.filename))}: {error.strerror}") from error

    def _is_deleted(self, error: OSError) -> bool:
        """Return whether a folder of the directory was deleted after its name had been read."""
        return isinstance(error, FileNotFoundError | NotADirectoryError) and error.filename != str(self._root)


def _named_folder(index: ObjectIndex, folder: _Folder, name: str) -> _Folder:
    named = index.named(name, is_folder=True)
    whose = folder.narrowed(named) if named else folder
    face_id = index.face_named(name)
    return whose.of_face(face_id) if face_id else whose


def _image(index: ObjectIndex, folder: _Folder, entry: os.DirEntry[str], name: str) -> SourceImage:
    stem = names.stem_of(entry.name)
    whose = folder
    is_in_folder_of_one = folder.face_id or (folder.owners is not None and len(folder.owners) == 1)
    # In a person's folder, 1.jpg is the first photo, and not that of the person number 1.
    if not (names.is_bare_number(stem) and is_in_folder_of_one):
        named = index.named(stem) or index.named(entry.name)
        whose = folder.narrowed(named) if named else folder
    face_id = index.face_named(stem) or folder.face_id
    whose = whose.of_face(face_id) if face_id else whose
    is_owned = whose.owners is not None
    shown = storable(name)
    return SourceImage(
        path=Path(entry.path),
        name=shown,
        place=entry.path,
        folder=folder.path if folder.name else "",
        rule=whose.rule,
        face_id=face_id,
        owners=whose.owners,
        keys=whose.keys,
        endings=tuple(names.endings_of(shown) if is_owned else names.both_forms(shown)),
    )
