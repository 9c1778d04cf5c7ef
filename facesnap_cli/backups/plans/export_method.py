"""Back an item up by exports: write an archive for each target, then delete the archives that are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.archive_schema import ArchiveError
from facesnap_cli.archives.export import export_object
from facesnap_cli.archives.face_counts import FaceCounts, counts_document
from facesnap_cli.archives.images.image import ImageSource
from facesnap_cli.backups.plans.coverage import Candidate, Cover, cover_of
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.plans.preview import Preview, Step, not_found
from facesnap_cli.backups.plans.run_results import ItemResult, TargetOutcome
from facesnap_cli.backups.retention import Retention
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.common.errors import FacesnapError, VerificationError
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.progress import Progress
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.transfer_record import PARTIAL
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.dependencies import Dependencies

_MOST_SAID = 10  # warnings about single images of one archive


@dataclass(frozen=True)
class ExportMethod:
    """One item by exports. Its files' paths start from `directory`.

    The newest older archive is the base of the new one: images that it has are not looked for again. `images` gives the
    item's own, new for each export; it raises ConfigurationError.
    """

    item: PlanItem
    dependencies: Dependencies
    account: Account
    templates: tuple[Template, ...]
    directory: Path
    images: Callable[[], ImageSource | None] = lambda: None

    def preview(self) -> Preview:
        """Return what `run` would do."""
        kind, object_id = self.item.object_type, self.item.object_id
        steps = {template: self._steps(template) for template in self.templates}
        failure = None
        if any(step.action == "export" for own in steps.values() for step in own):
            self.images()
            if not self.account.objects.exists(kind, object_id):
                failure = not_found(self.account, kind, object_id)
        if failure:
            missing = Step(
                self.item.name, "missing", self.account.profile, kind.value, object_id, "there is no such object"
            )
            steps = {template: [missing] if own[0].action == "export" else own for template, own in steps.items()}
        return Preview(
            tuple(dict.fromkeys(step for own in steps.values() for step in own)),
            tuple(
                (_label(template), failure if own[0].action == "missing" else None) for template, own in steps.items()
            ),
        )

    def run(self, progress: Progress) -> ItemResult:
        """Export, check, and delete the archives that are not kept."""
        return ItemResult(self.item, None, tuple(self._outcome(template, progress) for template in self.templates))

    def charges(self) -> Iterable[tuple[Account, OperationKind]]:
        """Return nothing: an export costs neither takes nor applies."""
        return ()

    def covers(self) -> list[Cover]:
        """Return how each target is covered by its newest archive."""
        return [self._cover(template) for template in self.templates]

    def _steps(self, template: Template) -> list[Step]:
        found = self._current(template)
        new, current = self._new(template), found.path if found else None
        action, why = ("none", "it is young enough") if current else ("export", "")
        kind = self.item.object_type.value
        steps = [Step(self.item.name, action, self.account.profile, kind, str(current or new), why)]
        return steps + [
            Step(self.item.name, "delete", None, kind, str(old), "not kept, once the new archive is checked")
            for old in self._doomed(template, current or new)
        ]

    def _outcome(self, template: Template, progress: Progress) -> TargetOutcome:
        archive = self._current(template)
        new, status = (archive.path, "current") if archive else (self._new(template), "copied")
        outcome, warnings = TargetOutcome(_label(template), None, str(new), status), tuple[str, ...]()
        try:
            if archive is None:
                archive, warnings = self._export(template, new, progress)
        except FacesnapError as failure:
            return replace(outcome, status="failed", failure=failure)
        counts, required = archive.counts, self.item.require_images
        if not counts.is_enough(required):
            outcome = replace(outcome, counts=counts, warnings=warnings)
            return replace(outcome, status="failed", failure=_incomplete(archive))
        if counts.lacking and required is None:
            warnings = (*warnings, f"{new} {counts.flaw}")
        outcome = replace(outcome, counts=counts, warnings=warnings)
        deleted: list[str] = []
        try:
            for old in self._doomed(template, new):
                old.unlink(missing_ok=True)
                deleted.append(str(old))
        except OSError as error:
            left = ArchiveError(f"exported and checked, but an older archive could not be deleted: {error}")
            return replace(outcome, status="failed", deleted=tuple(deleted), failure=left)
        return replace(outcome, deleted=tuple(deleted))

    def _export(self, template: Template, new: Path, progress: Progress) -> tuple[_Found, tuple[str, ...]]:
        """Write an archive, and return it with the warnings about its images."""
        images = self.images()
        try:
            if not new.parent.is_dir():
                make_private_directory(new.parent)
        except OSError as error:
            raise ArchiveError(f"the directory {new.parent} cannot be made: {error.strerror}") from error
        wanted = ExportParameters(
            self.item.object_type, self.item.object_id, new, images, base=self._base(template), force=True
        )
        with (
            closing(self.dependencies.open_transfers()) as transfers,
            transfers.running(wanted.transfer(self.account), progress) as recorded,
        ):
            try:
                exported = export_object(self.account, wanted, self.dependencies.clock, recorded)
            except DamagedError:  # an older archive must not keep the next from being made
                exported = export_object(self.account, replace(wanted, base=None), self.dependencies.clock, recorded)
        with Archive.opened(new) as archive:
            progress.begin("checking")
            archive.check()
            said = exported.image_warnings
            more = [f"and {len(said) - _MOST_SAID} more of that kind"] if len(said) > _MOST_SAID else []
            return _Found(new, 0.0, archive.counts()), (*said[:_MOST_SAID], *more)

    def _new(self, template: Template) -> Path:
        """Return the file to write: that of an interrupted run within `max_age`, or a new one named by now."""
        now = self.dependencies.clock.now()
        begun = [
            path
            for path, moment in self._made(template, PARTIAL).items()
            if (now - moment).total_seconds() < self.item.max_age_s
        ]
        return begun[0] if begun else self.directory / template.render(now)

    def _current(self, template: Template) -> _Found | None:
        """Return the newest archive if it is young enough and has the required images."""
        newest = next(self._archives(template), None)
        young = newest and newest.age_s < self.item.max_age_s
        return newest if newest and young and newest.counts.is_enough(self.item.require_images) else None

    def _base(self, template: Template) -> Path | None:
        newest = next(self._archives(template), None)
        return newest.path if newest else None

    def _archives(self, template: Template) -> Iterator[_Found]:
        """Yield the complete archives of the object, newest first, without archives dated in the future."""
        now = self.dependencies.clock.now()
        fixed = self.directory / template.render(now)
        for path in self._made(template) if template.is_dated else [fixed]:
            try:
                with Archive.opened(path) as archive:
                    head, counts = archive.head, archive.counts()
                    archive.check()
            except FacesnapError:
                continue
            is_its = (head.object_type, head.object_id) == (self.item.object_type, self.item.object_id)
            if is_its and head.started_time and not is_of_the_future(head.started_time, now):
                yield _Found(path, (now - head.started_time).total_seconds(), counts)

    def _made(self, template: Template, suffix: str = "") -> dict[Path, datetime]:
        """Return the files with names of the template and `suffix`, and their moments, newest first."""
        folder = Path(template.render(self.dependencies.clock.now())).parent
        place = self.directory / folder
        names = [path.name for path in place.iterdir() if path.is_file()] if place.is_dir() else []
        made = {
            place / name.removesuffix(suffix): moment
            for name in names
            if name.endswith(suffix)
            and (moment := template.made_at(str(folder / name.removesuffix(suffix))))
            and not is_of_the_future(moment, self.dependencies.clock.now())
        }
        return dict(sorted(made.items(), key=lambda entry: entry[1], reverse=True))

    def _doomed(self, template: Template, new: Path) -> list[Path]:
        """Return the older archives that are not kept, the oldest first."""
        if self.item.keep is None:
            return []
        folder = Path(template.render(self.dependencies.clock.now())).parent
        retention = Retention(template, self.item.keep)
        names = retention.to_delete((str(folder / path.name) for path in self._made(template)), str(folder / new.name))
        return [self.directory / name for name in names]

    def _cover(self, template: Template) -> Cover:
        now, candidates = self.dependencies.clock.now(), list[Candidate]()
        for archive in self._archives(template):
            enough = archive.counts.is_enough(self.item.require_images)
            moment = now - timedelta(seconds=archive.age_s) if enough else None
            candidates.append(
                Candidate(str(archive.path), moment, "" if enough else archive.counts.flaw, archive.counts)
            )
            if enough:
                break
        return cover_of(self.item, _label(template), None, candidates, now)


@dataclass(frozen=True, slots=True)
class _Found:
    """An archive that is there: its age in seconds, and its faces."""

    path: Path
    age_s: float
    counts: FaceCounts


def _incomplete(archive: _Found) -> VerificationError:
    return VerificationError(
        f"{archive.path} {archive.counts.flaw}",
        code="ImagesMissing",
        hint="images in the plan names the originals; with require_images = false names and ids alone are enough",
        details={"archive": str(archive.path), **counts_document(archive.counts)},
    )


def _label(template: Template) -> str:
    return f"file:{template.text}"
