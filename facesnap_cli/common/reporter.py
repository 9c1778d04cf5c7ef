"""Report notes and warnings to the person who runs facesnap, from code that does not know the screen."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Writes lines for a person. Called from several threads."""

    def note(self, text: str) -> None:
        """Say what helps a person, unless `--quiet` is given."""
        ...

    def warn(self, text: str) -> None:
        """Say what may have to be mended, although the command goes on."""
        ...

    def info(self, text: str) -> None:
        """Say what only `--verbose` shows."""
        ...


class SilentReporter:
    """Says nothing."""

    def note(self, text: str) -> None:
        return

    def warn(self, text: str) -> None:
        return

    def info(self, text: str) -> None:
        return


SILENT: Reporter = SilentReporter()
