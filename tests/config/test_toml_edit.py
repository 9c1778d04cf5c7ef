"""Edits of the configuration file: comments, order and line endings stay, in every form of TOML."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomli_w
import tomlkit
from hypothesis import assume, given
from hypothesis import strategies as st

from facesnap_cli.config import edit
from facesnap_cli.config.definitions import SETTINGS
from facesnap_cli.config.line_numbers import LineNumbers
from facesnap_cli.config.toml_edit import with_value, without
from tests.conftest import Program

KEY_ENV = ("profiles", "b", "key_env")
FORMS = {
    "tables": '# 1\n[profiles.b] # 2\n# 3\nkey_env = "B" # 4\n# 5\n\n# 6\n[profiles.c]\nkey_env = "C"\n',
    "quoted header": '# 1\n[ "profiles" . \'b\' ] # 2\n# 3\n"key_env" = "B" # 4\n# 5\n\n# 6\n'
    '[profiles.c]\nkey_env = "C"\n',
    "dotted keys": '# 1\n[profiles] # 2\n# 3\nb.key_env = "B" # 4\n# 5\nc.key_env = "C" # 6\n',
    "dotted keys at the top": '# 1\nprofiles.b.key_env = "B" # 4\n# 5\nprofiles.c.key_env = "C" # 6\n',
    "inline tables": '# 1\n[profiles] # 2\n# 3\nb = { key_env = "B" } # 4\n# 5\nc = { key_env = "C" } # 6\n',
    "one inline table": '# 1\nprofiles = { b = { key_env = "B" }, c = { key_env = "C" } } # 2\n# 3\n',
    "several lines": '[profiles.b]\nx = """\n[profiles.b]\n# no\n""" # 1\nkey_env = "B"\n'
    'l = [ # 2\n "a", # 3\n] # 4\n\n[profiles.c] # 5\nkey_env = "C"\n',
    "apart": '[profiles.b]\nkey_env = "B" # 1\n[profiles.c] # 2\nkey_env = "C"\n# 3\n[profiles.b.sub] # 4\nx = 1\n',
    "no last line end": '# 1\n[profiles.c]\nkey_env = "C"\n\n[profiles.b]\nkey_env = "B" # 2',
}
each_form = pytest.mark.parametrize("before", FORMS.values(), ids=FORMS)
each_ending = pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])


def comments(text: str) -> list[str]:
    return [comment for _, comment in LineNumbers(text).comments]


def has_only(text: str, ending: str) -> bool:
    return text.count("\n") == text.count(ending)


@each_form
@each_ending
class TestForms:
    def test_a_value_is_replaced_where_it_is(self, before: str, ending: str) -> None:
        after = with_value(before.replace("\n", ending), KEY_ENV, "NEW")
        assert after == before.replace('"B"', '"NEW"').replace("\n", ending)

    def test_a_value_is_added_to_its_profile(self, before: str, ending: str) -> None:
        after = with_value(before.replace("\n", ending), ("profiles", "b", "rate_limit"), "5/s")
        assert after
        expected = tomllib.loads(before)
        expected["profiles"]["b"]["rate_limit"] = "5/s"
        assert tomllib.loads(after) == expected
        assert (comments(after), has_only(after, ending)) == (comments(before), True)

    def test_a_profile_is_added(self, before: str, ending: str) -> None:
        after = with_value(before.replace("\n", ending), ("profiles", "n"), {"key_env": "N", "apply_scope": ["x"]})
        assert after
        assert tomllib.loads(after)["profiles"].pop("n") == {"key_env": "N", "apply_scope": ["x"]}
        assert (comments(after), has_only(after, ending)) == (comments(before), True)

    def test_a_default_profile_is_added_and_removed(self, before: str, ending: str) -> None:
        text = before.replace("\n", ending)
        after = with_value(text, ("default_profile",), "b")
        assert after == f'default_profile = "b"{ending}{ending}{text}'
        assert without(after, ("default_profile",)) == text

    def test_a_value_is_removed(self, before: str, ending: str) -> None:
        after = without(before.replace("\n", ending), KEY_ENV)
        assert after is not None
        data = tomllib.loads(after)["profiles"]
        assert "key_env" not in data.get("b", {})
        assert data["c"] == {"key_env": "C"}
        assert has_only(after, ending)
        own = [] if "{" in before else [line.partition("#")[2] for line in before.split("\n") if '"B"' in line]
        assert comments(after) == [comment for comment in comments(before) if comment[1:] not in own]

    def test_a_profile_is_removed(self, before: str, ending: str) -> None:
        after = without(before.replace("\n", ending), ("profiles", "b"))
        assert after is not None
        assert tomllib.loads(after) == {"profiles": {"c": {"key_env": "C"}}}
        assert has_only(after, ending)
        kept = [line for line in before.split("\n") if line.startswith("[profiles.c]") or '"C"' in line]
        assert "{" in before or [line for line in after.split(ending) if line in kept] == kept


def test_the_comment_of_the_next_profile_stays_with_it() -> None:
    assert without(FORMS["tables"], ("profiles", "b")) == '# 1\n# 5\n\n# 6\n[profiles.c]\nkey_env = "C"\n'


def test_each_line_keeps_its_own_ending() -> None:
    before = '# 1\r\n[profiles.b]\nkey_env = "B" # 2\r\nx = 1\ny = 2\r\n'
    assert with_value(before, KEY_ENV, "NEW") == before.replace('"B"', '"NEW"')


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.sampled_from(["none", "a'b", 'a"b', "\\", "# no", "[x]", "ü"]) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=10
)
ENTRIES = VALUES | st.floats() | st.lists(VALUES)


@given(
    profiles=st.dictionaries(KEYS, st.dictionaries(KEYS, ENTRIES, max_size=3), max_size=3),
    profile=KEYS,
    key=st.sampled_from(["object_id", "key_env", "a"]),
    value=VALUES,
)
def test_an_edit_changes_one_value_or_nothing(
    profiles: dict[str, dict[str, Any]], profile: str, key: str, value: str
) -> None:
    text = tomli_w.dumps({"profiles": profiles}).replace("\n", " # c\n") if profiles else ""
    try:
        before = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError:
        assume(False)  # a comment in a string of several lines
    after = with_value(text, ("profiles", profile, key), value)
    assert after is not None
    before.setdefault("profiles", {}).setdefault(profile, {})[key] = value
    assert tomllib.loads(after, parse_float=str) == before
    removed = without(after, ("profiles", profile))
    assert removed is not None
    del before["profiles"][profile]
    assert tomllib.loads(removed, parse_float=str).get("profiles", {}) == before["profiles"]


class TestRefusal:
    """tomlkit changes no other line today: here it does."""

    @pytest.fixture(autouse=True)
    def careless(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = tomlkit.parse

        def without_comments(text: str) -> Any:
            return whole("\n".join(line.partition(" #")[0] for line in text.split("\n")))

        monkeypatch.setattr(tomlkit, "parse", without_comments)

    def test_the_lines_to_change_are_printed_and_nothing_is_written(self, bare_program: Program) -> None:
        text = '[profiles]\nb.object_id = "x" # mine\n'
        path = bare_program.write_config(text)
        result = bare_program.run("config", "set", "object_id", "employees", "-p", "b")
        assert (result.status, result.out, path.read_text()) == (13, "", text)
        assert f"{path}:2: profiles.b.object_id cannot be changed" in result.err
        assert 'change line 2 for profiles.b.object_id to hold object_id = "employees"' in result.err

    def test_a_key_is_not_printed(self, bare_program: Program) -> None:
        bare_program.write_config('[profiles.b]\nkey = "old" # mine\n')
        result = bare_program.run("config", "set", "key", stdin="a-new-key\n")
        assert (result.status, result.out) == (13, "")
        assert "a-new-key" not in result.err

    def test_so_are_the_lines_to_remove(self, bare_program: Program) -> None:
        bare_program.write_config('[profiles]\nb = { object_id = "x" } # mine\n')
        result = bare_program.run("config", "unset", "object_id")
        assert (result.status, result.out) == (13, "")
        assert "remove profiles.b.object_id from line 2" in result.err


class TestMending:
    def test_an_unknown_key_at_the_top_can_be_removed(self, bare_program: Program) -> None:
        path = bare_program.write_config('# 1\nprofile = "b" # 2\n\n[profiles.b]\nkey_env = "B"\n')
        assert bare_program.run("config", "show").status == 13
        assert bare_program.run("config", "unset", "profile").status == 0
        assert path.read_text() == '# 1\n\n[profiles.b]\nkey_env = "B"\n'

    def test_a_profile_that_is_no_table_can_be_deleted(self, bare_program: Program) -> None:
        path = bare_program.write_config('profiles.a = 3\nprofiles.b.key_env = "B"\n')
        assert bare_program.run("config", "show").status == 13
        assert bare_program.run("config", "set", "object_id", "x", "-p", "b").status == 0
        assert bare_program.run("config", "delete", "a", "--yes").status == 0
        assert path.read_text() == 'profiles.b.key_env = "B"\nprofiles.b.object_id = "x"\n'

    def test_a_default_profile_that_is_no_text_can_be_replaced(self, bare_program: Program) -> None:
        path = bare_program.write_config('default_profile = 3 # mine\n[profiles.b]\nkey_env = "B"\n')
        assert bare_program.run("config", "use", "b").status == 0
        assert path.read_text() == 'default_profile = "b" # mine\n[profiles.b]\nkey_env = "B"\n'


def test_a_byte_order_mark_and_line_endings_stay_in_the_file(bare_program: Program) -> None:
    path = bare_program.write_config("")
    path.write_bytes(b'\xef\xbb\xbf[profiles.b] # 1\r\nkey_env = "B"\r\n')
    assert bare_program.run("config", "set", "object_id", "x").status == 0
    assert path.read_bytes() == b'\xef\xbb\xbf[profiles.b] # 1\r\nkey_env = "B"\r\nobject_id = "x"\r\n'


def test_every_key_source_is_known() -> None:
    assert set(edit.KEY_SOURCES + edit.SECOND_KEY_SOURCES) <= set(SETTINGS)
