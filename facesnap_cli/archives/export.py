"""From an object in the service to an archive file."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import WantedExport
from facesnap_cli.archives.images.image import ImageError, ImageSource, checked_image
from facesnap_cli.archives.partial_archive import Draft, UnreadFace
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import (
    ConflictError,
    FacesnapError,
    NotFoundError,
    PartialFailureError,
    UsageError,
    VerificationError,
)
from facesnap_cli.common.escape import counted
from facesnap_cli.common.progress import Progress
from facesnap_cli.common.threads import stop_at_first_error
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.transfer_record import FINISHED_BEFORE, partial_of
from facesnap_cli.models.objects import Face, Person
from facesnap_cli.network.rate_limit import threads_for

PAGE = 1000
MOST_ROUNDS = 5
_BATCH = 200  # faces whose user data is committed together: what a kill loses is read again
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export has come to: the archive's document, and in words what is to be known of it.

    `failure` is there where some of the images could not be used; `about_images` tells of each of those, `about_faces`
    how many faces cannot be rebuilt.
    """

    document: dict[str, object]
    notice: str
    about_images: list[str]
    about_faces: list[str]
    failure: FacesnapError | None

    @property
    def warnings(self) -> list[str]:
        """Everything that is to be known of what was not used, and of what cannot be rebuilt."""
        return self.about_images + self.about_faces


def export_object(account: Account, wanted: WantedExport, clock: Clock, progress: Progress) -> Exported:
    """Read an object into an archive, going on where an earlier run has stopped.

    The object is listed until a whole listing shows nothing new, so that the archive is of one moment. Raises
    ConflictError where the target exists, NotFoundError, VerificationError where the object never stays the same,
    and what reading raises: then what was read stays in the draft.
    """
    if wanted.target.exists() and not wanted.force:
        raise ConflictError(
            f"{wanted.target} exists already",
            hint="choose another --to, or --force replaces it",
            code="" if partial_of(wanted.target).exists() else FINISHED_BEFORE,
        )
    head = account.objects.get(wanted.object_type, wanted.object_id)
    if wanted.base:
        _check_base(wanted.base, wanted)
    with Draft.opened(wanted.target, clock) as draft:
        draft.begin(head, account.endpoint, account.subscription_id)
        _Reading(account, wanted, draft, progress).run()
        unusable = _store_images(draft, wanted.images, progress) if wanted.images else []
        draft.finish()
    with Archive.opened(wanted.target) as archive:
        return _exported(archive, wanted, unusable)


class _Reading:
    """Reads the object into the draft until the two agree."""

    def __init__(self, account: Account, wanted: WantedExport, draft: Draft, progress: Progress):
        self._account = account
        self._wanted = wanted
        self._draft = draft
        self._progress = progress
        self._read: list[Face] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        for _ in range(MOST_ROUNDS):
            changed = list_object(self._account, self._wanted, self._draft, self._progress)
            if self._wanted.base:
                self._draft.reuse(self._wanted.base)
            if not changed and not self._draft.counts().unread:
                return
            self._read_user_data()
        raise VerificationError(
            f"{self._wanted.object_type.value} {self._wanted.object_id} changed during each of {MOST_ROUNDS} readings",
            hint="run the same command again when nothing writes to it",
            details={"objectId": self._wanted.object_id},
        )

    def _read_user_data(self) -> None:
        unread = self._draft.counts().unread
        if unread:
            self._progress.begin("reading user data of faces", unread)
            threads = threads_for(self._account.settings.rate_limit)
            try:
                stop_at_first_error(self._read_one, self._unread(), threads=threads)
            finally:
                with self._lock:
                    rest, self._read = self._read, []
                self._draft.set_user_data(rest)

    def _unread(self) -> Iterator[UnreadFace]:
        after = ""
        while page := self._draft.unread(after, PAGE):
            yield from page
            after = page[-1].face_id

    def _read_one(self, face: UnreadFace) -> None:
        try:
            found = self._account.objects.face(
                self._wanted.object_type, self._wanted.object_id, face.face_id, person_id=face.person_id
            )
        except NotFoundError:
            return  # deleted since: the next listing drops it
        self._progress.advance()
        with self._lock:
            self._read.append(found)
            if len(self._read) < _BATCH:
                return
            full, self._read = self._read, []
        self._draft.set_user_data(full)


def list_object(account: Account, wanted: WantedExport, draft: Draft, progress: Progress) -> int:
    """List the object once into the draft, and return in how many places the two differed."""
    kind, object_id, objects = wanted.object_type, wanted.object_id, account.objects
    progress.begin("reading the list of " + ("persons" if kind.has_persons else "faces"))
    training = objects.training(kind, object_id) if kind.is_trainable else None
    changed = int(draft.set_head(objects.get(kind, object_id), training))
    draft.begin_listing()
    if kind.has_persons:
        for persons in batches(objects.persons(kind, object_id), PAGE):
            changed += draft.list_persons(persons)
            progress.advance(len(persons))
    else:
        for faces in batches(objects.faces(kind, object_id), PAGE):
            changed += draft.list_faces(faces)
            progress.advance(len(faces))
    return changed + draft.end_listing()


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of up to `size` items."""
    source = iter(items)
    while batch := list(itertools.islice(source, size)):
        yield batch


def _check_base(base: Path, wanted: WantedExport) -> None:
    with Archive.opened(base) as archive:
        if (archive.head.object_type, archive.head.object_id) != (wanted.object_type, wanted.object_id):
            raise UsageError(f"--base {base} is an archive of another object: {archive.head.title}")
        archive.check()


def _store_images(draft: Draft, images: ImageSource, progress: Progress) -> list[str]:
    """Put the images of faces that have none into the draft, and return what was wrong with which."""
    counts = draft.counts()
    progress.begin("matching images with faces", counts.faces - counts.with_image)
    unusable = []
    for person in _persons_with_faces(draft):
        images.claim(person)
    for owner, faces in _imageless(draft):
        kept = draft.images.kept(owner) if owner else {}
        for face_id, file in images.match(owner, faces, kept).items():
            try:
                draft.images.keep(face_id, checked_image(file))
            except ImageError as error:
                unusable.append(error.message)
        progress.advance(len(faces))
    return unusable


def _persons_with_faces(draft: Draft) -> Iterator[Person]:
    after = ""
    while persons := draft.images.owners(after, PAGE):
        yield from persons
        after = persons[-1].person_id


def _imageless(draft: Draft) -> Iterator[tuple[Person | None, list[Face]]]:
    """Yield the faces without an image, by person, then those of a list."""
    after = ""
    while persons := draft.images.missing(after, PAGE):
        yield from persons
        after = persons[-1][0].person_id
    after = ""
    while faces := draft.images.missing_in_list(after, PAGE):
        yield None, faces
        after = faces[-1].face_id


def _exported(archive: Archive, wanted: WantedExport, unusable: list[str]) -> Exported:
    covered, faces = archive.count("image IS NOT NULL"), archive.head.faces
    kept = "names, user data and images of faces, which are biometric data" if covered else "names and user data"
    notice = f"{archive.path} holds personal data ({kept}): keep it as safe as the service itself (its mode is 0600)"
    about_images, about_faces = [f"image not used: {line}" for line in unusable], []
    if wanted.images and not wanted.base:  # with one, images that the base has given are not looked for again
        about_images += [f"image of no face: {line}" for line in wanted.images.unmatched()]
    if wanted.images and not covered and faces:
        about_images.append(f"{wanted.images.origin}: nothing in it could be told to be a face of this object")
    if not covered and faces:
        about_faces.append("this archive holds no recognition data: no face has an image, and Face never returns them")
    elif covered < faces:
        have = "has" if faces - covered == 1 else "have"
        about_faces.append(
            f"{faces - covered:,} of {faces:,} faces {have} no image and cannot be rebuilt from this archive"
        )
    failure = PartialFailureError(
        f"{counted(len(unusable), 'image')} could not be used; the archive is written without them",
        hint="mend or replace them, then export again with --force",
        details={"images": unusable},
    )
    return Exported(archive.document(), notice, about_images, about_faces, failure if unusable else None)
