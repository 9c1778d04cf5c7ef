"""Hold what schedulers need to know about a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from facesnap_cli import __version__
from facesnap_cli.backups.schedules.frequency import Frequency

PACKAGE = f"facesnap-cli=={__version__}"


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan, how often it runs, and what it needs on the machine that runs it.

    `program` is the path of facesnap on this machine, `key_variables` are the environment variables that hold keys.
    `archives` are the paths that exports write, with a * for each part that changes; `images` are the paths that they
    read; `other_paths` are the rest. `unreachable_keys` are warnings about keys that no pipeline has. `zone` is this
    machine's time zone, None for the system's. `now` is in UTC.
    """

    plan: Path
    program: str
    frequency: Frequency
    key_variables: tuple[str, ...]
    now: datetime
    zone: tzinfo | None = None
    archives: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    other_paths: tuple[str, ...] = ()
    unreachable_keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name of a-z, 0-9 and -, which every scheduler accepts: `facesnap-nightly`."""
        own = "".join(char if char.isascii() and char.isalnum() else "-" for char in self.plan.stem.lower())
        return f"facesnap-{own.strip('-') or 'plan'}"[:50]

    @property
    def command(self) -> list[str]:
        """The words of the command that runs the plan on this machine."""
        return [self.program, "run", str(self.plan.resolve()), "--quiet"]

    @property
    def images_text(self) -> str:
        """The paths of `images`, each after a comma."""
        return "".join(f", {path}" for path in self.images)

    @property
    def relative_paths(self) -> list[str]:
        """The paths that start from the plan's directory."""
        return [path for path in (*self.archives, *self.images, *self.other_paths) if not path.startswith("/")]

    @property
    def absolute_paths(self) -> list[str]:
        """The paths of archives and images that start from the root."""
        return [path for path in (*self.archives, *self.images) if path.startswith("/")]
