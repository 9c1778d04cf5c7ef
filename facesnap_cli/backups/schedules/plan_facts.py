"""What schedulers need to know of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from facesnap_cli import __version__
from facesnap_cli.backups.schedules.frequency import Rhythm

PACKAGE = f"facesnap-cli=={__version__}"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What is scheduled. `program` is facesnap's path here, `key_variables` the variables that hold keys.

    `archives` are the paths that exports write, with a * for what changes, and `images` those that they read;
    `other_paths`, whether the plan names more. `unreachable_keys` says which profiles' keys no pipeline has. `zone` is
    this machine's, None for the one that the system has set; `now` is in UTC.
    """

    plan: Path
    program: str
    rhythm: Rhythm
    key_variables: tuple[str, ...]
    now: datetime
    zone: tzinfo | None = None
    archives: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    other_paths: tuple[str, ...] = ()
    unreachable_keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name that every scheduler takes: `facesnap-nightly`."""
        own = "".join(char if char.isascii() and char.isalnum() else "-" for char in self.plan.stem.lower())
        return f"facesnap-{own.strip('-') or 'plan'}"[:50]

    @property
    def relative_paths(self) -> list[str]:
        """What the plan names from its own directory."""
        return [path for path in (*self.archives, *self.images, *self.other_paths) if not path.startswith("/")]
