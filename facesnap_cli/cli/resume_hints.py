"""The operations of this run: what an interruption, or an output that failed, has to name."""

from __future__ import annotations

from collections.abc import Sequence

from facesnap_cli.common.hints import NO_COMMAND, Command, Hint, command
from facesnap_cli.models.operations import Operation

_MOST_NAMED = 3


class Watched:
    """What this run started or waits for. `command` goes on with what is no operation, such as an export.

    `repeatable` is set by commands that go on where they stopped when they are run again.
    """

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self.command = NO_COMMAND
        self.repeatable = False

    def add(self, *operations: Operation) -> None:
        """Remember operations, or their new states."""
        self._operations |= {operation.intent: operation for operation in operations}

    def way_on(self, own: Sequence[Operation] = ()) -> tuple[Hint, Command]:
        """Return a hint and a command to take up what is unfinished, also this process's `own`; empty without any."""
        if self.command:
            return Hint("what was done is kept"), self.command
        operations = self._operations | {operation.intent: operation for operation in own}
        names = [one.operation_id or one.intent[:8] for one in operations.values() if one.state.is_open]
        if not names:
            return Hint(), NO_COMMAND
        if self.repeatable:
            return Hint("operations go on in the service; to resume, run the same command again"), NO_COMMAND
        return Hint("operations go on in the service"), command("wait", *(names if len(names) <= _MOST_NAMED else ()))

    def way_to_result(self) -> tuple[Hint, Command]:
        """Return how to see again what was done, for a result that could not be printed; empty for nothing."""
        names = [operation.reference for operation in self._operations.values() if not operation.state.is_open]
        hint, resume = self.way_on()
        if not names:
            return hint, resume
        which = names if len(names) <= _MOST_NAMED else ["--all"]
        return Hint.joined((Hint("to see what was done: ", command("status", *which)), hint)), resume
