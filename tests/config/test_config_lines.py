"""Which lines of the configuration file are whose: brackets in arrays, texts and comments begin no table."""

from __future__ import annotations

import pytest

from facesnap_cli.config.edit import Edit, remove
from facesnap_cli.config.file import ConfigFile
from tests.conftest import Program

REST = '\n# of y\n[profiles.y]\nkey_env = "Y"\n'
SEVERAL_LINES = [
    '"""\n[profiles.y]\n"""',
    "[ # ]\n'[',\n[\"]\"],\n]",
    "[{ a = '''\n[x]\n''' }]",
    '"""\\"""\n[x]"""',
    '"one"',
]
MANY_LINES = ["[\n" + "[],\n" * 30_000 + "]", '"""' + "\n[" * 60_000 + '"""']


@pytest.mark.parametrize("value", SEVERAL_LINES)
def test_a_value_of_several_lines_is_replaced_to_its_end(bare_program: Program, value: str) -> None:
    path = bare_program.write_config(f"[profiles.x]\nuser_data = {value}\nkey_env = 'X'{REST}")
    changed = Edit(ConfigFile.read(path)).with_values("x", {"user_data": "u"}).file
    assert changed.text == f"[profiles.x]\nuser_data = \"u\"\nkey_env = 'X'{REST}"


@pytest.mark.parametrize("value", SEVERAL_LINES)
def test_a_profile_goes_with_all_of_its_lines(bare_program: Program, value: str) -> None:
    path = bare_program.write_config(f"[profiles.x]\nuser_data = {value}\nkey_env = 'X'\n{REST}")
    assert remove(ConfigFile.read(path), ("profiles", "x")).text == REST.removeprefix("\n")


@pytest.mark.parametrize("value", MANY_LINES, ids=["an array", "a text"])
def test_thousands_of_lines_that_look_like_tables_end(bare_program: Program, value: str) -> None:
    path = bare_program.write_config(f"[profiles.x]\nobject_id = {value}{REST}")
    shown = bare_program.run("config", "show", "-p", "x")
    assert (shown.status, shown.out) == (13, "")
    assert f"{path}:2" in shown.err
    changed = Edit(ConfigFile.read(path)).with_values("x", {"object_id": "x"}).file
    assert changed.text == f'[profiles.x]\nobject_id = "x"{REST}'
