"""Check a `--query`, a JMESPath expression, before the first request, and apply it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from facesnap_cli.common.errors import OutputError, UsageError
from facesnap_cli.common.escape import counted, harmless, nearest, shown
from facesnap_cli.common.patterns import pattern
from facesnap_cli.display.column_width import cut

_LONGEST_REASON = 200
_HINT = "see https://jmespath.org"
_QUOTED = pattern(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"")
_NOT_A_MEMBER = pattern(r"[A-Z].*|true|false|null|.*[^A-Za-z0-9_].*|[0-9a-f]{6,}.*")  # members are written likeThis
# What users of jq, SQL and shells write, in an expression whose quoted texts are left out.
_HABITS: Sequence[tuple[str, str]] = (
    (r"\$", "$ is JSONPath's: begin with [], as in [].id"),
    (r"(?<![=!<>])=(?!=)", "compare with ==, as in [?type=='PersonGroup']"),
    (r"\b(?:and|or|not)\b", "write &&, || and ! for and, or and not"),
    (r"[^&]&[^&(]", "write && for and"),
    (r"\b(?:in|like|is)\b|~", "write contains(type, 'Group') or starts_with(id, '0e7a')"),
    (
        r"[<>=]\s*-?\d",
        "write numbers in backticks, as in [?faces > `100`], and the query in single quotes for the shell",
    ),
    (r"[<>=]\s*[\]&|]", "the shell runs what is in backticks, unless the query is in single quotes"),
    (r"(?:^|[(|])\s*\.", "begin without a dot, as in [].id; @ is the whole"),
    (r"\{\s*\w+\s*[,}]", "name each member, as in [].{id: id, type: type}"),
    (r"\][^\[({]*,", "write several members as [].[id, type] or [].{id: id, type: type}"),
)


class Query:
    """A checked query, for any number of results."""

    def __init__(self, text: str):
        """Raise UsageError for wrong syntax, an unknown function, or a wrong number of arguments."""
        try:
            self._expression = jmespath.compile(text)
            for node in _nodes(self._expression.parsed):
                _check(node, text, _members_made(self._expression.parsed))
        except JMESPathError as error:
            raise UsageError(f"--query: {_reason(error)}", hint=_habit(text) or _HINT) from None
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

    def doubt(self, data: Any, found: Any) -> str:
        """Return the mistake for which a query probably found nothing; empty if it found something or may be right."""
        parsed = self._expression.parsed
        has_found = found or found in (0, False)
        known = {*_members_of(data), *_members_made(parsed)}
        whole = {"type": "whole", "children": [parsed]}
        names = [name for node in _nodes(whole) for name in _names_in(node, in_pairs=bool(has_found))]
        unknown = [name for name in names if name not in known]
        if unknown and data:
            name = unknown[0]
            is_function = f"; the function is {name}(@)" if name in Functions.FUNCTION_TABLE else ""
            what = is_function or nearest(name, known) or f"; a text is in single quotes: '{harmless(name)[:40]}'"
            return f"--query: nothing here has a member {shown(name)}{what}"
        is_plain = parsed["type"] in ("field", "subexpression") and isinstance(data, list)
        return f"--query: the result is a list: write [].{names[0]}" if is_plain and names and not has_found else ""


def _nodes(node: Any) -> Iterator[Any]:
    """Yield the nodes of a parsed expression."""
    yield node
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _nodes(child)


def _names_in(node: Any, *, in_pairs: bool) -> list[str]:
    """Return the members that a node of an expression names itself, of the data and not of a member's value.

    With `in_pairs` only those that it compares with another member: two that are absent are equal.
    """
    fields = [part["value"] for part in node["children"] if isinstance(part, dict) and part["type"] == "field"]
    if node["type"] == "comparator":
        return fields if len(fields) == 2 or not in_pairs else []
    if in_pairs:
        return []
    return fields[:1] if node["type"] == "subexpression" else fields


def _members_made(parsed: Any) -> set[str]:
    """Return the members of the objects that an expression makes."""
    return {node["value"] for node in _nodes(parsed) if node["type"] == "key_val_pair"}


def _members_of(data: Any) -> Iterator[str]:
    """Yield the names of all members in data."""
    if isinstance(data, dict):
        yield from data
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _members_of(item)


def _check(node: Any, text: str, made: set[str]) -> None:
    """Raise UsageError for a part of the expression `text` that cannot be meant. `made` are members that it makes."""
    if node["type"] == "function_expression":
        _check_call(node["value"], len(node["children"]))
    if node["type"] not in ("comparator", "function_expression"):
        return
    for part in node["children"]:
        if part["type"] == "field" and part["value"] not in made and _NOT_A_MEMBER.fullmatch(part["value"]):
            raise _unquoted(part["value"], text)
        is_order = node["type"] == "comparator" and node["value"] not in ("eq", "ne")
        if is_order and part["type"] == "literal" and isinstance(part["value"], str):
            raise UsageError(
                f"--query: < and > compare numbers alone, not the text {shown(part['value'])}",
                hint="write numbers in backticks; for times: starts_with(createdTime, '2026-11')",
            )


def _unquoted(name: str, text: str) -> UsageError:
    """Return the error for a text or constant that is written like a member's name."""
    is_constant = name in ("true", "false", "null")
    marks, quoted, shell = ("backticks", f"`{name}`", "single") if is_constant else ("quotes", f"'{name}'", "double")
    better = text.replace(f'"{name}"', name).replace(name, quoted)
    return UsageError(
        f"--query: {harmless(name)[:40]} without {marks} would be a member's name, and no result has it",
        hint=f"write {harmless(better)[:_LONGEST_REASON]}, all of it in {shell} quotes for the shell",
    )


def _habit(text: str) -> str:
    """Return what to write instead of what users of other languages write; empty if nothing of that is in `text`."""
    rest = _QUOTED.sub("''", text)
    if any(rest.count(first) != rest.count(last) for first, last in ("[]", "()", "{}")) or "'" in rest.replace(
        "''", ""
    ):
        return "close each bracket and each quote"
    return next((hint for habit, hint in _HABITS if pattern(habit).search(rest)), "")


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
