"""Export an object of the service to an archive."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.export_images import SHARED, check_source, coverage_lines, failure_of, store_images
from facesnap_cli.archives.images.matching_report import MatchingReport
from facesnap_cli.archives.partial_archive import PartialArchive, UnreadFace
from facesnap_cli.archives.replacement import Replacement, another_object, check_replaceable
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import (
    FacesnapError,
    NotFoundError,
    PartialFailureError,
    UsageError,
    VerificationError,
)
from facesnap_cli.common.escape import counted
from facesnap_cli.common.hints import Hint, Option
from facesnap_cli.common.progress import Progress
from facesnap_cli.common.threads import stop_at_first_error
from facesnap_cli.face_api.account import Account
from facesnap_cli.face_api.paging import pages_for
from facesnap_cli.journal.transfer_record import partial_of
from facesnap_cli.journal.transfers import RunningTransfer
from facesnap_cli.models.identity import ObjectIdentity
from facesnap_cli.models.objects import Face, ObjectType
from facesnap_cli.network.rate_limit import threads_for

PAGE = 1000
MOST_ROUNDS = 5
_BATCH = 200  # faces whose user data is committed together; after a kill the uncommitted ones are read again
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The result of an export: the archive's JSON form, a notice and warnings.

    `failure` is set if images could not be used, if several persons would share one (`has_shared_images`), or if user
    data could not be read. `reading_warnings` says that the object was written to meanwhile; `image_warnings` names
    the images that were not used; `face_warnings` says how many faces cannot be rebuilt.
    """

    document: dict[str, object]
    notice: str
    reading_warnings: list[str]
    image_warnings: list[str]
    face_warnings: list[str]
    failure: FacesnapError | None
    has_shared_images: bool

    @property
    def warnings(self) -> list[str]:
        """All warnings."""
        return self.reading_warnings + self.image_warnings + self.face_warnings


def export_object(
    account: Account, parameters: ExportParameters, clock: Clock, progress: RunningTransfer
) -> ExportResult:
    """Read an object into an archive, or resume an interrupted export.

    The object is listed until a whole listing shows nothing new, so that the archive shows one moment, or for
    MOST_ROUNDS if it is written to all the time. The archive is read back before it gets its name.
    Raises ConflictError if the target exists and must not be replaced, or if another process writes it, NotFoundError,
    VerificationError if there are too few images, and the errors of reading; then the partial archive keeps what was
    read.
    """
    account.begin_bulk_work()
    identity = parameters.identity(account)
    if finished := _finished_before(parameters, progress):
        return finished
    check_replaceable(parameters.target, parameters.replaces, identity, parameters.replaced_id)
    account.objects.get(parameters.object_type, parameters.object_id)  # raises NotFoundError before a file is made
    # Others compare the archive's times with the service's clock, so they are told by that.
    times = account.service_clock
    with checked_base(parameters.base, identity) as base, PartialArchive.opened(parameters.target, times) as partial:
        is_first_run = partial.begin(identity, parameters.maker)
        partial.leave_out(parameters.left_out, keep_reused=not parameters.refresh_user_data)
        if base:
            partial.use_base(base)
        reading = _Reading(account, parameters, partial, progress, base)
        try:
            reading.begin()
            if parameters.images:
                check_source(partial, parameters)
        except (UsageError, VerificationError):  # before what costs the most requests
            if is_first_run:
                partial.discard()
            raise
        reading.run()
        report = store_images(partial, parameters, clock, progress)
        # An export may take hours.
        check_replaceable(parameters.target, parameters.replaces, identity, parameters.replaced_id)
        progress.begin("checking what was written")
        archive = partial.seal(is_consistent=reading.is_consistent)
        failure = failure_of(report) or reading.failure
        if failure is None:
            progress.finishing(archive.head.archive_id)
        partial.publish()
        return _exported(replace(archive, path=parameters.target), report, reading.warnings, failure)


def _finished_before(parameters: ExportParameters, progress: RunningTransfer) -> ExportResult | None:
    """Return the result of an earlier run that finished the archive, but was killed before it could say so."""
    target = parameters.target
    if parameters.replaces is not Replacement.NOTHING or not progress.finished_archive:
        return None
    if not target.is_file() or partial_of(target).exists():
        return None
    with Archive.opened(target) as archive:
        if archive.head.archive_id != progress.finished_archive or archive.head.left_out != parameters.left_out:
            return None
        archive.check()
        return _exported(archive, None, [], None)


class _Reading:
    """Reads the object into the partial archive until the two agree."""

    def __init__(
        self,
        account: Account,
        parameters: ExportParameters,
        partial: PartialArchive,
        progress: Progress,
        base: Archive | None,
    ):
        self._account = account
        self._parameters = parameters
        self._partial = partial
        self._progress = progress
        self._is_reusing = base is not None and reuses_user_data(base, parameters)
        self._read: list[Face] = []
        self._lock = threading.Lock()
        self._changed = 0
        self._given_up = 0
        self.is_consistent = True

    @property
    def warnings(self) -> list[str]:
        """The warning that the object was written to all the time."""
        if self.is_consistent:
            return []
        return [
            f"{self._parameters.object_type.value} {self._parameters.object_id} was written to during each of"
            f" {MOST_ROUNDS} readings: the archive does not show a single moment (consistent: false)"
        ]

    @property
    def failure(self) -> FacesnapError | None:
        """The error if user data could not be read."""
        if not self._given_up:
            return None
        return PartialFailureError(
            f"the user data of {counted(self._given_up, 'face')} could not be read: the service lists them, but does"
            " not return them",
            hint=Hint("export again", Option(" with --force"), " when nothing writes to the object"),
            details={"objectId": self._parameters.object_id},
        )

    def begin(self) -> None:
        """List the object a first time."""
        self._changed = self._list()

    def run(self) -> None:
        """Read until a listing shows nothing new, and for MOST_ROUNDS at most."""
        for number in range(MOST_ROUNDS):
            changed = self._list() if number else self._changed
            if self._parameters.left_out:
                self._partial.skip_unread()
            elif self._is_reusing:
                self._partial.reuse_user_data()
            unread = self._partial.counts().unread
            if not changed and not unread:
                return
            if not number and unread:
                counts = self._partial.counts()
                listed = counts.persons if self._parameters.object_type.has_persons else counts.faces
                what, calls = described_work(self._parameters, listed, unread)
                self._account.reporter.note(f"{what}: {self._account.estimate(calls)}")
            self._read_user_data()
        self.is_consistent = False
        self._given_up = self._partial.skip_unread()

    def _list(self) -> int:
        kind, object_id = self._parameters.object_type, self._parameters.object_id
        return list_object(self._account, kind, object_id, self._partial, self._progress)

    def _read_user_data(self) -> None:
        unread = self._partial.counts().unread
        if unread:
            self._progress.begin("reading user data of faces", unread)
            threads = threads_for(self._account.settings.rate_limit)
            try:
                stop_at_first_error(self._read_one, self._unread(), threads=threads)
            finally:
                with self._lock:
                    rest, self._read = self._read, []
                self._partial.set_user_data(rest)

    def _unread(self) -> Iterator[UnreadFace]:
        after = ""
        while page := self._partial.unread(after, PAGE):
            yield from page
            after = page[-1].face_id

    def _read_one(self, face: UnreadFace) -> None:
        try:
            found = self._account.objects.face(
                self._parameters.object_type, self._parameters.object_id, face.face_id, person_id=face.person_id
            )
        except NotFoundError:
            return  # deleted in the meantime: the next listing drops it
        self._progress.advance()
        with self._lock:
            self._read.append(found)
            if len(self._read) < _BATCH:
                return
            full, self._read = self._read, []
        self._partial.set_user_data(full)


def described_work(parameters: ExportParameters, listed: int, unread: int) -> tuple[str, int]:
    """Return an export in words, and its number of requests: two listings, and one for each face that is unread.

    `listed` is the number of persons, or of a list's faces.
    """
    kind = parameters.object_type
    what = counted(listed, "person" if kind.has_persons else "face")
    listing = 2 + pages_for(listed) if kind is not ObjectType.FACE_LIST else 2  # a FaceList comes with its faces
    return f"export of {what} of {parameters.object_id}", 1 + 2 * listing + unread


def reuses_user_data(base: Archive, parameters: ExportParameters) -> bool:
    """Return whether an export takes the user data of faces from the base, instead of reading it."""
    return base.head.has_face_user_data and not parameters.left_out and not parameters.refresh_user_data


def list_object(account: Account, kind: ObjectType, object_id: str, partial: PartialArchive, progress: Progress) -> int:
    """List the object once into the partial archive, and return how many differences that removed."""
    objects = account.objects
    progress.begin("reading the list of " + ("persons" if kind.has_persons else "faces"))
    training = objects.training(kind, object_id) if kind.is_trainable else None
    changed = int(partial.set_head(objects.get(kind, object_id), training))
    partial.begin_listing()
    if kind.has_persons:
        for persons in batches(objects.persons(kind, object_id), PAGE):
            changed += partial.list_persons(persons)
            progress.advance(len(persons))
    else:
        for faces in batches(objects.faces(kind, object_id), PAGE):
            changed += partial.list_faces(faces)
            progress.advance(len(faces))
    return changed + partial.end_listing()


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of up to `size` items."""
    source = iter(items)
    while batch := list(itertools.islice(source, size)):
        yield batch


@contextmanager
def checked_base(base: Path | None, identity: ObjectIdentity) -> Iterator[Archive | None]:
    """Yield the checked base, open while the block lasts.

    Raises UsageError unless it is of this very object: images that it has are not looked for again.
    """
    if base is None:
        yield None
        return
    with Archive.opened(base) as archive:
        if other := another_object(archive.head.compare(identity), archive.head.identity):
            raise UsageError(f"--base {base} {other}")
        archive.check()
        yield archive


def _exported(
    archive: Archive, report: MatchingReport | None, reading_warnings: list[str], failure: FacesnapError | None
) -> ExportResult:
    found = archive.counts()
    biometric = "names, user data and images of faces, which are biometric data"
    kept = biometric if found.with_image else "names and user data"
    notice = f"{archive.path} holds personal data ({kept}): keep it as safe as the service itself (its mode is 0600)"
    if not archive.head.has_face_user_data:
        notice += "; the user data of faces was not read"
    document, face_warnings = archive.document(), []
    if report:
        document["matching"] = report.document()
        face_warnings = report.bare_lines()
    face_warnings += coverage_lines(found)
    return ExportResult(
        document,
        notice,
        reading_warnings,
        report.warnings() if report else [],
        face_warnings,
        failure,
        failure is not None and failure.code == SHARED,
    )
