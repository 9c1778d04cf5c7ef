"""Hold the validated parameters of an export or an import."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from facesnap_cli.archives.archive_schema import FACE_USER_DATA, Maker
from facesnap_cli.archives.images.sources import ImageSource
from facesnap_cli.archives.replacement import Replacement
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.hints import complete_command
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.transfer_record import Transfer, export_id, import_id
from facesnap_cli.models.identity import ObjectIdentity
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.parameters import VerifyLevel
from facesnap_cli.operations.polling import Schedule


@dataclass(frozen=True, slots=True)
class ExportParameters:
    """The parameters of an export. `base` is an older archive of the same object.

    `carry` keeps the base's image of a face whose file is gone. `require_images`: every face needs an image. `replaces`
    is what `target` may be already, and `replaced_id` the id of the only archive that a plan may replace there. `maker`
    is the item of a plan that exports it. `account` is the ARM path of the account, if it is known. `files` are the
    common options that name files, because the command that resumes the export needs them too. Without
    `face_user_data` that of persons' faces is left out; `refresh_user_data` reads it again for faces of the base.
    """

    object_type: ObjectType
    object_id: str
    target: Path
    images: ImageSource | None = None
    base: Path | None = None
    replaces: Replacement = Replacement.NOTHING
    replaced_id: str = ""
    maker: Maker | None = None
    account: str | None = None
    carry: bool = True
    require_images: bool = False
    allow_shared_images: bool = False
    face_user_data: bool = True
    refresh_user_data: bool = False
    files: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The parts that are not read. A list names the user data of its faces, so that reading it costs nothing."""
        return (FACE_USER_DATA,) if self.object_type.has_persons and not self.face_user_data else ()

    def identity(self, account: Account) -> ObjectIdentity:
        """Return the identity of the object in the account that it is read from."""
        identity = account.identity_of(self.object_type, self.object_id)
        return identity._replace(resource=identity.resource._replace(account=self.account))

    def transfer(self, account: Account) -> Transfer:
        """Return the record of this export for the list of transfers."""
        return Transfer(
            id=export_id(self.target),
            kind="export",
            profile=account.profile,
            object_type=self.object_type.value,
            object_id=self.object_id,
            archive=str(self.target),
            command=complete_command(
                "export",
                *(("--profile", account.profile) if account.profile else ()),
                *("--type", self.object_type.value, "--object-id", self.object_id, "--to", self.target),
                *(("--images", self.images.origin.absolute()) if self.images else ()),
                *(("--base", self.base.absolute()) if self.base else ()),
                (self.replaces is Replacement.ANY or bool(self.replaced_id)) and "--force",
                not self.carry and "--no-carry",
                self.require_images and "--require-images",
                self.allow_shared_images and "--allow-shared-images",
                not self.face_user_data and "--no-face-user-data",
                self.refresh_user_data and "--refresh-user-data",
                *self.files,
            ),
        )


# The most persons of a group, and faces of a list, that the larger tier (S0) allows.
_LIMITS = {ObjectType.PERSON_GROUP: 10_000, ObjectType.FACE_LIST: 1_000}


class Additions(enum.StrEnum):
    """The additions of an import to an object that exists: all that it lacks, or only what was refused before."""

    LACKING = "lacking"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportParameters:
    """The parameters of an import. A model that is None is the archive's; `files` is as for an export.

    `object_type` is the type to build, which may be another than the archive's. `persons` are those of the archive to
    add, without any all of them. `additions`: the object exists, and `transfer_id` is that of the import that has
    recorded which of its persons are the archive's, or is to record it.
    """

    archive: Path
    object_type: ObjectType
    object_id: str
    partial: bool = False
    recognition_model: str | None = None
    detection_model: str | None = None
    verify: VerifyLevel = VerifyLevel.QUICK
    schedule: Schedule = field(default_factory=Schedule)
    timeout_s: float | None = None
    id_map: Path | None = None
    files: tuple[str, ...] = ()
    archive_type: ObjectType | None = None
    persons: tuple[str, ...] = ()
    additions: Additions | None = None
    transfer_id: str = ""

    def check_limits(self, persons: int, faces: int) -> None:
        """Raise UsageError if an object of the type cannot hold so many persons or faces in any tier."""
        limit = _LIMITS.get(self.object_type)
        noun, count = ("persons", len(self.persons) or persons) if self.object_type.has_persons else ("faces", faces)
        if limit and count > limit:
            raise UsageError(
                f"a {self.object_type.value} holds at most {limit:,} {noun}, and {self.archive} has {count:,}",
                hint=f"build a Large{self.object_type.value}: --type Large{self.object_type.value}",
                details={"limit": limit, noun: count},
            )

    def transfer(self, account: Account) -> Transfer:
        """Return the record of this import for the list of transfers."""
        return Transfer(
            id=self.transfer_id or import_id(account.identity_of(self.object_type, self.object_id)),
            kind="import",
            profile=account.profile,
            object_type=self.object_type.value,
            object_id=self.object_id,
            archive=str(self.archive),
            command=complete_command(
                *("import", self.archive, "--object-id", self.object_id),
                *(("--type", self.object_type.value) if self.archive_type not in (None, self.object_type) else ()),
                self.additions is Additions.LACKING and "--into",
                self.additions is Additions.REFUSED and "--retry-refused",
                *(word for person in self.persons for word in ("--person", person)),
                *(("--profile", account.profile) if account.profile else ()),
                self.partial and "--partial",
                *(("--recognition-model", self.recognition_model) if self.recognition_model else ()),
                *(("--detection-model", self.detection_model) if self.detection_model else ()),
                *(("--verify", self.verify.value) if self.verify is not VerifyLevel.QUICK else ()),
                *(("--id-map", self.id_map) if self.id_map else ()),
                *(("--timeout", f"{self.timeout_s:.15g}") if self.timeout_s else ()),
                *(("--poll-interval", f"{self.schedule.interval_s:.15g}") if self.schedule.interval_s else ()),
                *self.files,
            ),
        )
