"""The operations of this run: what an interruption, or an output that failed, has to name."""

from __future__ import annotations

from collections.abc import Sequence

from facesnap_cli.models.operations import Operation

_MOST_NAMED = 3


class Watched:
    """What this run started or waits for. `command` goes on with what is no operation, such as an export.

    `repeatable` is set by commands that go on where they stopped when they are run again.
    """

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self.command = ""
        self.repeatable = False

    def add(self, *operations: Operation) -> None:
        """Remember operations, or their new states."""
        self._operations |= {operation.intent: operation for operation in operations}

    def resume_hint(self, own: Sequence[Operation] = ()) -> str:
        """Return the line that takes up again what is unfinished, also this process's `own`; empty without any."""
        if self.command:
            return f"what was done is kept; to go on: {self.command}"
        operations = self._operations | {operation.intent: operation for operation in own}
        names = [one.operation_id or one.intent[:8] for one in operations.values() if one.state.is_open]
        if not names:
            return ""
        if self.repeatable:
            return "operations go on in the service; to resume, run the same command again"
        which = " ".join(names) if len(names) <= _MOST_NAMED else ""
        return f"operations go on in the service; to resume: facesnap wait {which}".rstrip()

    def result_hint(self) -> str:
        """Return the line that shows again what was done, for a result that could not be printed; empty for nothing."""
        names = [operation.reference for operation in self._operations.values() if not operation.state.is_open]
        if not names:
            return self.resume_hint()
        which = " ".join(names) if len(names) <= _MOST_NAMED else "--all"
        again = f"to see what was done: facesnap status {which}"
        return f"{again}; {self.resume_hint()}" if self.resume_hint() else again
