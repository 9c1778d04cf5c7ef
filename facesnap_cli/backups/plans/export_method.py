"""Back an item up by exports: write an archive for each target, then delete the archives that are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.archive_schema import ArchiveError
from facesnap_cli.archives.export import ExportResult, export_object
from facesnap_cli.archives.face_counts import FaceCounts, counts_document
from facesnap_cli.archives.images.sources import ImageSource
from facesnap_cli.archives.partial_archive import delete_begun
from facesnap_cli.backups.archive_records import record_archive, record_deletion
from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.listing.listed_backup import ListedBackup
from facesnap_cli.backups.plans.coverage import Candidate, Cover, cover_of
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.plans.preview import Preview, Step, not_found
from facesnap_cli.backups.plans.run_results import ItemResult, TargetOutcome
from facesnap_cli.backups.plans.target_archives import FoundArchive, TargetArchives
from facesnap_cli.backups.service_time import ServiceTime
from facesnap_cli.backups.target_files import TargetFiles
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.errors import ConflictError, FacesnapError, VerificationError, reason_with_path
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.progress import Progress
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.transfer_record import export_id
from facesnap_cli.models.identity import ObjectIdentity
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.dependencies import Dependencies


@dataclass(frozen=True)
class ExportMethod:
    """One item by exports. Its files' paths start from the directory of the plan.

    The newest older archive is the base of the new one: its user data is not read again, and its images of faces whose
    files are gone are carried on. `images` gives the item's own, new for each export; it raises ConfigurationError.
    """

    item: PlanItem
    dependencies: Dependencies
    account: Account
    templates: tuple[Template, ...]
    plan: Path
    service_time: ServiceTime
    images: Callable[[], ImageSource | None] = lambda: None

    def preview(self) -> Preview:
        """Return what `run` would do."""
        kind, object_id, profile = self.item.object_type.value, self.item.object_id, self.account.profile
        steps: dict[str, list[Step]] = {}
        failures: dict[str, FacesnapError | None] = {}
        for archives in self._targets:
            steps[archives.label], failures[archives.label] = self._steps(archives)
        if any(step.action == "export" for own in steps.values() for step in own):
            self.images()
            if not self.account.objects.exists(self.item.object_type, object_id):
                missing = Step(self.item.name, "missing", profile, kind, object_id, "there is no such object")
                for label, own in steps.items():
                    if own[0].action == "export":
                        steps[label] = [missing]
                        failures[label] = not_found(self.account, self.item.object_type, object_id)
        if self.dependencies.clock_difference.is_large:  # which only the response of `exists` may have shown
            steps = {label: [step for step in own if step.action != "delete"] for label, own in steps.items()}
        return Preview(tuple(dict.fromkeys(step for own in steps.values() for step in own)), tuple(failures.items()))

    def run(self, progress: Progress) -> ItemResult:
        """Export, check, and delete the archives that are not kept."""
        return ItemResult(self.item, None, tuple(self._outcome(archives, progress) for archives in self._targets))

    def charges(self) -> Iterable[tuple[Account, OperationKind]]:
        """Return nothing: an export costs neither takes nor applies."""
        return ()

    def covers(self) -> list[Cover]:
        """Return how each target is covered by its newest archive."""
        return [self._cover(archives) for archives in self._targets]

    def backups(self, survey: AccountSurvey) -> list[ListedBackup]:
        """Return the archives in all targets, by their heads and records; nothing is requested."""
        return [listed for archives in self._targets for listed in archives.listed()]

    @cached_property
    def _identity(self) -> ObjectIdentity:
        identity = self.account.identity_of(self.item.object_type, self.item.object_id)
        return identity._replace(resource=self.dependencies.known_resource(self.account))

    @property
    def _targets(self) -> list[TargetArchives]:
        directory = self.plan.absolute().parent
        return [
            TargetArchives(
                self.item,
                self.dependencies,
                self._identity,
                TargetFiles(template, directory),
                self.plan,
                self.service_time,
            )
            for template in self.templates
        ]

    def _steps(self, archives: TargetArchives) -> tuple[list[Step], FacesnapError | None]:
        """Return the steps of a target, and the error that its run would end with."""
        current, new = self._current(archives), archives.new_path()
        name, profile, kind = self.item.name, self.account.profile, self.item.object_type.value
        if current is None:
            try:
                archives.replaced_id(new)
            except ConflictError as failure:
                return [Step(name, "conflict", profile, kind, str(new), failure.message)], failure
        action, why = ("none", "it is young enough") if current else ("export", "")
        path = current.path if current else new
        deletions = [
            Step(name, "delete", None, kind, str(old), f"{deletion.reason}, once the new archive is checked")
            for old, deletion in archives.deletions(path, recorded=False)
        ]
        return [Step(name, action, profile, kind, str(path), why), *deletions], None

    def _outcome(self, archives: TargetArchives, progress: Progress) -> TargetOutcome:
        archive, warnings = self._current(archives), tuple(archives.warnings())
        new, status = (archive.path, "current") if archive else (archives.new_path(), "copied")
        outcome = TargetOutcome(archives.label, None, str(new), status, warnings=warnings)
        exported: ExportResult | None = None
        try:
            if archive is None:
                archive, exported = self._export(archives, new, progress)
                warnings = (*warnings, *exported.reading_warnings, *exported.image_warnings)
        except FacesnapError as failure:
            return replace(outcome, status="failed", failure=failure)
        counts, required = archive.counts, self.item.require_images
        assert counts  # of a whole archive
        if not counts.is_enough(required):
            outcome = replace(outcome, counts=counts, warnings=warnings)
            return replace(outcome, status="failed", failure=_incomplete(archive, counts))
        if counts.lacking and required is None:
            warnings = (*warnings, f"{new} {counts.flaw}")
        outcome = replace(outcome, counts=counts, warnings=warnings, verified="checked" if exported else None)
        if exported and exported.has_shared_images:
            return replace(outcome, status="failed", failure=exported.failure)
        deleted: list[str] = []
        try:
            for old, _ in archives.deletions(new):
                old.unlink(missing_ok=True)
                deleted.append(str(old))
                record_deletion(self.dependencies, old)
                archives.files.remove_empty_folders(old)
            self._delete_drafts(archives)
        except OSError as error:
            reason = reason_with_path(error)
            left = ArchiveError(f"exported and checked, but an older archive could not be deleted: {reason}")
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=left)
        except FacesnapError as failure:
            failure = failure.after("exported and checked, but older archives could not all be deleted")
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=failure)
        return replace(outcome, deleted=tuple(deleted))

    def _export(self, archives: TargetArchives, new: Path, progress: Progress) -> tuple[FoundArchive, ExportResult]:
        """Write and check an archive, and return it with the result of the export."""
        replaced_id, images = archives.replaced_id(new), self.images()
        try:
            if not new.parent.is_dir():
                make_private_directory(new.parent)
        except OSError as error:
            raise ArchiveError(f"the directory {new.parent} cannot be made: {error.strerror}") from error
        base = next((found for found in archives.usable() if found.is_base), None)
        parameters = ExportParameters(
            self.item.object_type,
            self.item.object_id,
            new,
            images,
            base=base.path if base else None,
            replaces=archives.replacement,
            replaced_id=replaced_id,
            maker=archives.maker(new),
            account=self._identity.resource.account,
            carry=self.item.carry,
            require_images=bool(self.item.require_images),
            allow_shared_images=self.item.allow_shared_images,
            face_user_data=self.item.face_user_data,
            refresh_user_data=self.item.refresh_user_data,
        )
        self._delete_drafts(archives, new)
        with (
            closing(self.dependencies.open_transfers()) as transfers,
            transfers.running(parameters.transfer(self.account), progress) as recorded,
        ):
            try:
                exported = export_object(self.account, parameters, self.dependencies.clock, recorded)
            except DamagedError:
                # A damaged base must not keep the next archive from being made. Without a sound one, carried images
                # would be lost because the draft is damaged.
                if base is None or not _is_damaged(base.path):
                    raise
                exported = export_object(
                    self.account, replace(parameters, base=None), self.dependencies.clock, recorded
                )
        with Archive.opened(new) as archive:  # which the export has read back
            counts = archive.counts()
            flaw = "" if counts.is_enough(self.item.require_images) else counts.flaw
            if exported.has_shared_images and exported.failure:
                flaw = exported.failure.message
            record_archive(
                self.dependencies,
                archive,
                self._identity,
                target=archives.label,
                item=self.item.name,
                plan=self.plan,
                flaw=flaw,
                is_checked=True,
            )
            return FoundArchive(new, archive.head.started_time or archives.service_time.now(), counts=counts), exported

    def _delete_drafts(self, archives: TargetArchives, only: Path | None = None) -> None:
        """Delete what the item began and has not finished, unless it is young enough to be resumed.

        Called after a success, and for the path of a new archive before it: that must not get an old one's time.
        """
        drafts = [path for path in archives.old_drafts() if only in (None, path)]
        if not drafts:
            return
        with closing(self.dependencies.open_transfers()) as transfers:
            for path in drafts:
                if transfers.has_stopped(export_id(path)):
                    delete_begun(path)
                    archives.files.remove_empty_folders(path)

    def _current(self, archives: TargetArchives) -> FoundArchive | None:
        """Return the newest archive if it is young enough and has what the item asks for."""
        newest = next(archives.usable(), None)
        if newest is None or newest.age_s is None or newest.flaw:
            return None
        if self.item.face_user_data and newest.counts and newest.counts.left_out:
            return None
        return newest if newest.age_s < self.item.max_age_s else None

    def _cover(self, archives: TargetArchives) -> Cover:
        candidates = list[Candidate]()
        for candidate in archives.candidates():
            candidates.append(candidate)
            if candidate.moment:
                break
        return cover_of(self.item, archives.label, None, candidates, self.service_time.now())


def _is_damaged(path: Path) -> bool:
    """Return whether an archive cannot be read or fails its check."""
    try:
        with Archive.opened(path) as archive:
            archive.check()
    except DamagedError:
        return True
    return False


def _incomplete(archive: FoundArchive, counts: FaceCounts) -> VerificationError:
    return VerificationError(
        f"{archive.path} {counts.flaw}",
        code="ImagesMissing",
        hint="images in the plan names the originals; with require_images = false names and ids alone are enough",
        details={"archive": str(archive.path), **counts_document(counts)},
    )
