"""The lines of tables and keys, in every form of TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.config.line_numbers import Keys, LineNumbers
from tests.conftest import Program

FORMS: list[tuple[str, Keys, int]] = [
    ("a = 1\nb = 2\n", ("b",), 2),
    ('[profiles.a]\nx = """\n[profiles.b]\n"""\n[profiles.b]\n', ("profiles", "b"), 5),
    ("x = '''\n[[backup]]\n'''\n[[backup]]\n", ("backup", 0), 4),
    ('[["backup"]]\nname = 1\n[[ backup ]]\nname = 2\n', ("backup", 1, "name"), 4),
    ('# [profiles.b]\n[ "profiles" . "b" ] # x\n"key" = 1\n', ("profiles", "b", "key"), 3),
    ("[profiles]\na.key = 1\nb . 'key' = 2\n", ("profiles", "b", "key"), 3),
    ("[profiles]\na = { key = 1 }\nb = { x = [\n1,\n], key = 2 }\n", ("profiles", "b", "key"), 5),
    ("profiles = { b = { key = 1 } }\n", ("profiles", "b", "key"), 1),
    ("x = [ # [\n  '[', # ]\n]\n[profiles.b]\n", ("profiles", "b"), 4),
    ("[profiles.b.sub]\n[profiles.b]\n", ("profiles", "b"), 2),
    ("[[backup]]\n[backup.keep]\nlast = 1\n[[backup]]\n[backup.keep]\nlast = 2\n", ("backup", 1, "keep", "last"), 6),
    ("backup = [\n  { name = 1 },\n  { name = 2 },\n]\n", ("backup", 1, "name"), 3),
    ('x = """a"""""\r\nb = 1\r\n', ("b",), 2),
    ('"\\u0062" = 1\n', ("b",), 1),
    ("d = 1979-05-27 07:32:00 # b = 1\nb = 2", ("b",), 2),
]


@pytest.mark.parametrize(("text", "keys", "line"), FORMS, ids=[text for text, _, _ in FORMS])
def test_a_key_has_its_line(text: str, keys: Keys, line: int) -> None:
    assert tomllib.loads(text)
    assert LineNumbers(text).line(*keys) == line


def test_every_comment_is_found_once() -> None:
    text = 'a = 1 # 1\n# 2\n[b] # 3\nc = [ # 4\n { d = "# no" }, # 5\n] # 6\n'
    assert [comment for _, comment in LineNumbers(text).comments] == ["# 1", "# 2", "# 3", "# 4", "# 5", "# 6"]


def test_what_is_not_there_has_no_line() -> None:
    assert LineNumbers('x = """\nb = 1\n"""\n').line("b") is None


values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=20) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def ways(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Return the way to every table and value."""
    if keys:
        yield keys
    entries: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from ways(entry, (*keys, key))


@given(data=st.dictionaries(st.text(max_size=8), values, max_size=4), multiline=st.booleans())
def test_all_that_a_file_has_is_found(data: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(data, multiline_strings=multiline)
    lines = LineNumbers(text)
    assert all(lines.line(*keys) for keys in ways(tomllib.loads(text)))


def test_a_plan_is_complained_of_in_the_right_lines(program: Program) -> None:
    plan = program.directory / "plan.toml"
    plan.write_text('[["backup"]]\nname = """\n[[backup]]\n"""\n[[ \'backup\' ]]\nname = "a"\njbs = 1\n')
    result = program.run("run", str(plan), "--dry-run")
    assert (result.status, result.out) == (13, "")
    assert f"{plan}:7: item a: unknown key 'jbs'" in result.err
    assert f"{plan}:5: item a: this [[backup]] has no type" in result.err
    assert f"{plan}:1: this [[backup]] has no type" in result.err
