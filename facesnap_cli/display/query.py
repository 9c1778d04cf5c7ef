"""Check a `--query`, a JMESPath expression, before the first request, and apply it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from facesnap_cli.common.errors import OutputError, UsageError
from facesnap_cli.common.escape import counted, harmless, nearest
from facesnap_cli.display.column_width import cut

_LONGEST_REASON = 200
_HINT = "see https://jmespath.org"


class Query:
    """A checked query, for any number of results."""

    def __init__(self, text: str):
        """Raise UsageError for wrong syntax, an unknown function, or a wrong number of arguments."""
        try:
            self._expression = jmespath.compile(text)
            for name, given in _calls(self._expression.parsed):
                _check_call(name, given)
        except JMESPathError as error:
            raise UsageError(f"--query: {_reason(error)}", hint=_HINT) from None
        except RecursionError:
            raise UsageError("--query: it is nested too deeply", hint=_HINT) from None

    def search(self, data: Any) -> Any:
        """Return the result of the query. Raises OutputError if it does not fit the data."""
        try:
            found = self._expression.search(data)
            json.dumps(found, allow_nan=False, default=str)  # jmespath can make numbers that JSON does not have
        except (JMESPathError, ValueError, RecursionError) as error:
            raise OutputError(f"--query does not fit the result: {_reason(error)}", code="Query") from None
        return found


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """Yield the functions that a parsed expression calls, each with its number of arguments."""
    if node["type"] == "function_expression":
        yield node["value"], len(node["children"])
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _calls(child)


def _check_call(name: str, given: int) -> None:
    known = Functions.FUNCTION_TABLE
    if name not in known:
        raise UsageError(f"--query: JMESPath has no function {harmless(name)[:40]}(){nearest(name, known)}", hint=_HINT)
    signature = known[name]["signature"]
    at_least = bool(signature and signature[-1].get("variadic"))
    if given < len(signature) or (given > len(signature) and not at_least):
        expected = f"{'at least ' if at_least else ''}{counted(len(signature), 'argument')}"
        raise UsageError(f"--query: {name}() takes {expected}, not {given}", hint=_HINT)


def _reason(error: Exception) -> str:
    """Return the first line of jmespath's message: the others repeat the expression."""
    return cut(
        harmless(str(error).partition("\n")[0]).removesuffix(":").removesuffix(", for expression"), _LONGEST_REASON
    )
