"""Declare the interface of a source of images, and choose the source for a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from facesnap_cli.archives.images.object_index import ObjectIndex
from facesnap_cli.common.errors import UsageError

MANIFEST = "manifest"  # the rule of all images that a manifest names


@dataclass(frozen=True, slots=True)
class SourceImage:
    """A file that may be an image, and whose it may be.

    `name` goes into the archive, `place` into messages. `owners` are all owners that its names or its row may mean:
    None if they name nobody, empty if they contradict each other. `endings` are the names by which user data of a face
    may name it, `keys` those in JSON objects of persons' user data by which it was named. `target_face` is
    `left,top,width,height` in pixels.
    """

    path: Path
    name: str
    place: str
    folder: str
    rule: str
    face_id: str | None
    owners: frozenset[int] | None
    endings: tuple[str, ...]
    keys: frozenset[str] = frozenset()
    target_face: str | None = None
    detection_model: str | None = None


class ImageSource(Protocol):
    """A source of images for an object's faces."""

    @property
    def origin(self) -> Path:
        """The directory or file that the user named."""
        ...

    @property
    def folders_without_file(self) -> Sequence[str]:
        """The paths of empty folders and of links that are not followed, known after `images` has yielded all."""
        ...

    @property
    def rows_without_path(self) -> int:
        """The number of rows of a manifest whose path is still to be filled in."""
        ...

    def check(self, index: Callable[[], ObjectIndex]) -> None:
        """Raise UsageError, with all lines, if the source contradicts the object."""
        ...

    def images(self, index: ObjectIndex) -> Iterator[SourceImage]:
        """Yield every file, with the owners that it may belong to."""
        ...


def image_source(path: Path) -> ImageSource:
    """Return the images of a directory or a manifest. Raises UsageError, which names the wrong lines."""
    from facesnap_cli.archives.images.directory import ImageDirectory
    from facesnap_cli.archives.images.manifest import ImageManifest

    if path.is_dir():
        return ImageDirectory(path)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return ImageManifest.read(path)
    raise UsageError(f"{path}: neither a directory nor a manifest (FILE.csv)")
