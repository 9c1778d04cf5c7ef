"""Advise how to resume this run after an interruption, and how to see its results if they were not printed."""

from __future__ import annotations

from collections.abc import Sequence

from facesnap_cli.common.hints import NO_COMMAND, Command, Hint, command
from facesnap_cli.models.operations import Operation

_MOST_NAMED = 3


class ResumeHints:
    """The operations that this run started or waits for. `command` resumes other work, such as an export.

    `repeatable` is set by commands that resume when they are run again.
    """

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self.command = NO_COMMAND
        self.repeatable = False

    def add(self, *operations: Operation) -> None:
        """Remember operations, or their new states."""
        self._operations |= {operation.intent: operation for operation in operations}

    def resume_advice(self, own: Sequence[Operation] = ()) -> tuple[Hint, Command]:
        """Return a hint and a command to resume open operations, also this process's `own`; empty without any."""
        if self.command:
            return Hint("what was done is kept"), self.command
        operations = self._operations | {operation.intent: operation for operation in own}
        names = [each.operation_id or each.intent[:8] for each in operations.values() if each.state.is_open]
        if not names:
            return Hint(), NO_COMMAND
        if self.repeatable:
            return Hint("operations go on in the service; to resume, run the same command again"), NO_COMMAND
        return Hint("operations go on in the service"), command("wait", *(names if len(names) <= _MOST_NAMED else ()))

    def result_advice(self) -> tuple[Hint, Command]:
        """Return a hint and a command to see results that could not be printed; empty without any."""
        names = [operation.reference for operation in self._operations.values() if not operation.state.is_open]
        hint, resume = self.resume_advice()
        if not names:
            return hint, resume
        which = names if len(names) <= _MOST_NAMED else ["--all"]
        return Hint.joined((Hint("to see what was done: ", command("status", *which)), hint)), resume
