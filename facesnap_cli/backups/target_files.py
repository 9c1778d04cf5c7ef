"""Find the files that a target's template can have named, in every folder that it can have named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from facesnap_cli.backups.templates import Template


@dataclass(frozen=True)
class TargetFiles:
    """The files of a `file:` target, whose template is a path from `directory`. It may have dates in its folders."""

    template: Template
    directory: Path

    def new(self, moment: datetime) -> Path:
        """Return the path of a file that is made at a moment."""
        return self.directory / self.template.render(moment)

    def found(self, suffix: str = "") -> Iterator[Path]:
        """Yield the files that are there, each without the `suffix` that its name must have in addition."""
        *folders, name = self._parts
        places = [Path()]
        for folder in folders:
            places = [inner for place in places for inner in self._inside(place, folder)]
        for place in places:
            for path in self._inside(place, name, suffix):
                named = self.directory / path
                if self.template.can_name(str(path)) and named.with_name(named.name + suffix).is_file():
                    yield named

    def moment_of(self, path: Path) -> datetime | None:
        """Return the moment that a file's path shows; None if it has no date."""
        return self.template.made_at(str(Path(*path.parts[-len(self._parts) :])))

    def place_of(self, path: Path) -> str:
        """Return a file's name, with the folders above it from the first that has a date in its name.

        The folders above those may be moved with all their archives, or mounted elsewhere.
        """
        return "/".join(path.parts[self._first_timed - len(self._parts) :])

    @property
    def fixed_directory(self) -> Path:
        """The directory that all the files are in, whatever the time."""
        return self.directory.joinpath(*self._parts[: self._first_timed])

    def remove_empty_folders(self, path: Path) -> None:
        """Remove the folders of a deleted file that the template had named and that are empty now."""
        with contextlib.suppress(OSError):
            for folder in list(path.parents)[: len(self._parts) - 1 - self._first_timed]:
                folder.rmdir()

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        return Path(self.template.text).parts

    @cached_property
    def _first_timed(self) -> int:
        """The place of the first part of the path that depends on the time; without one the last."""
        timed = (number for number, part in enumerate(self._parts) if self._template_of(part).is_timed)
        return next(timed, len(self._parts) - 1)

    def _template_of(self, part: str) -> Template:
        return Template(part, self.template.name)

    def _inside(self, place: Path, part: str, suffix: str = "") -> Iterator[Path]:
        """Yield the paths in a folder that a part of the template can have named, from `directory`."""
        template, folder = self._template_of(part), self.directory / place
        if not template.is_timed:
            yield place / part.replace("{name}", template.name)
        elif folder.is_dir():
            names = (entry.name for entry in folder.iterdir() if entry.name.endswith(suffix))
            yield from (place / name for full in names if template.fits(name := full.removesuffix(suffix)))
