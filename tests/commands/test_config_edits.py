"""What config set, unset, delete and init --force make of a profile: one that can be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, SOURCE_SUBSCRIPTION, Program

KEY = SOURCE_KEYS[0]
HEAD = '[profiles.prod]\nendpoint = "https://prod.example"  # the live one\n'


def text(program: Program) -> str:
    return (program.directory / "config.toml").read_text()


class TestKeySources:
    @pytest.mark.parametrize(
        ("before", "arguments", "removed"),
        [
            ('key_file = "a.key"', ("key",), "key_file"),
            (f'key = "{KEY}"', ("key_env", "FACE_KEY"), "key"),
            ('key_env = "FACE_KEY"', ("key_command", "pass show face"), "key_env"),
            ('key_command = "pass show face"', ("auth", "entra"), "key_command"),
            ('auth = "entra"', ("keyring", "true"), "auth"),
        ],
    )
    def test_a_new_one_takes_the_place_of_the_earlier_one(
        self, bare_program: Program, before: str, arguments: tuple[str, ...], removed: str
    ) -> None:
        bare_program.write_config(f"{HEAD}{before}\n# mine\n")
        result = bare_program.run("config", "set", *arguments, stdin=f"{KEY}\n")
        assert (result.status, result.out) == (0, "")
        assert f"{removed} is removed: a profile has one key source\n" in result.err
        assert before not in text(bare_program)
        assert "# mine" in text(bare_program)
        assert KEY not in result.err

    def test_so_does_a_new_second_key(self, bare_program: Program) -> None:
        bare_program.write_config(HEAD + 'key_env = "FACE_KEY"\n')
        for arguments in (("key2_env", "SECOND"), ("key2_file", "/k"), ("key2",)):
            assert bare_program.run("config", "set", *arguments, stdin=f"{KEY}\n").status == 0
        assert text(bare_program) == f'{HEAD}key_env = "FACE_KEY"\nkey2 = "{KEY}"\n'

    def test_what_is_no_source_removes_none(self, bare_program: Program) -> None:
        bare_program.write_config(HEAD + 'key_env = "FACE_KEY"\n')
        assert bare_program.run("config", "set", "keyring", "false").status == 0
        assert bare_program.run("config", "set", "auth", "key").status == 0
        assert 'key_env = "FACE_KEY"' in text(bare_program)

    def test_a_command_that_cannot_be_split_is_refused(self, bare_program: Program) -> None:
        command = 'pass show "azure/face'
        made = bare_program.run("config", "init", "--endpoint", "https://h.example", "--key-command", command)
        assert (made.status, made.out) == (2, "")
        assert "key_command: cannot be split into words as a shell would: No closing quotation" in made.err
        path = bare_program.write_config(f"{HEAD}key_command = '{command}'\n")
        listed = bare_program.run("list")
        assert (listed.status, listed.out) == (13, "")
        assert f"{path}:3: key_command: cannot be split" in listed.err


class TestUnset:
    def test_it_removes_one_value_and_no_comment(self, bare_program: Program) -> None:
        bare_program.write_config(f'{HEAD}# slow\nrate_limit = "1/s"\napply_scope = [\n  # a\n]\nobject_id = "x"\n')
        removed = bare_program.run("config", "unset", "rate_limit")
        assert (removed.status, removed.out) == (0, "")
        assert "rate_limit is removed" in removed.err
        assert text(bare_program) == f'{HEAD}# slow\napply_scope = [\n  # a\n]\nobject_id = "x"\n'
        assert bare_program.run("config", "unset", "apply_scope").status == 0
        assert text(bare_program) == f'{HEAD}# slow\nobject_id = "x"\n'

    def test_it_removes_what_makes_the_file_wrong(self, bare_program: Program) -> None:
        bare_program.write_config(f'{HEAD}endpiont = "x"\ntype = "Group"\n')
        assert bare_program.run("config", "show").status == 13
        for name in ("endpiont", "type"):
            assert bare_program.run("config", "unset", name).status == 0
        assert bare_program.run("config", "show").status == 0

    def test_it_removes_the_default_profile(self, bare_program: Program) -> None:
        bare_program.write_config(f'default_profile = "nobody"\n\n{HEAD}')
        assert bare_program.run("config", "unset", "default_profile").status == 0
        assert text(bare_program) == HEAD

    def test_what_is_not_set_is_said(self, bare_program: Program) -> None:
        path = bare_program.write_config(HEAD)
        result = bare_program.run("config", "unset", "type")
        assert (result.status, result.out) == (0, "")
        assert result.err == f"type is not set in profile prod of {path}; nothing was changed\n"
        wrong = bare_program.run("config", "unset", "typ")
        assert (wrong.status, wrong.out) == (2, "")
        assert "did you mean type?" in wrong.err


class TestDelete:
    def test_it_removes_a_profile_and_the_default_that_named_it(self, bare_program: Program) -> None:
        bare_program.write_config(f'default_profile = "prod"\n{HEAD}[profiles.dr]\nendpoint = "https://dr.example"\n')
        result = bare_program.run("config", "delete", "prod", "--yes")
        assert (result.status, result.out) == (0, "")
        assert "default_profile named it and is removed too" in result.err
        assert text(bare_program) == '[profiles.dr]\nendpoint = "https://dr.example"\n'

    def test_without_a_terminal_it_needs_yes(self, bare_program: Program) -> None:
        bare_program.write_config(HEAD)
        result = bare_program.run("config", "delete", "prod")
        assert (result.status, result.out) == (2, "")
        assert "--yes does it\n" in result.err
        assert text(bare_program) == HEAD

    def test_one_that_is_not_there_is_exit_2(self, bare_program: Program) -> None:
        bare_program.write_config(HEAD)
        result = bare_program.run("config", "delete", "prd", "-y")
        assert (result.status, result.out) == (2, "")
        assert "did you mean prod?" in result.err
        assert "the built-in profiles stay" in bare_program.run("config", "delete", "emulator", "-y").err


class TestInitWithForce:
    def test_it_keeps_what_is_not_given(self, bare_program: Program) -> None:
        bare_program.write_config(f'{HEAD}key_file = "a.key"\nrate_limit = "1/s"\nobject_id = "x"\n')
        result = bare_program.run("config", "init", "-p", "prod", "--key-env", "FACE_KEY", "--force")
        assert (result.status, result.out) == (0, "")
        assert "key_file is removed: a profile has one key source\n" in result.err
        assert "it keeps endpoint, rate_limit, object_id\n" in result.err
        assert text(bare_program) == f'{HEAD}rate_limit = "1/s"\nobject_id = "x"\nkey_env = "FACE_KEY"\n'

    def test_no_key_of_the_earlier_endpoint_is_kept_for_another(self, bare_program: Program) -> None:
        bare_program.write_config(f'{HEAD}key_env = "A"\nkey2_env = "B"\n')
        arguments = ("--endpoint", "https://new.example", "--key-env", "C", "--force")
        result = bare_program.run("config", "init", "-p", "prod", *arguments)
        assert (result.status, result.out) == (0, "")
        assert "key2_env is removed: it is the earlier endpoint's\n" in result.err
        assert '"B"' not in text(bare_program)


class TestPaths:
    def test_a_ca_bundle_is_stored_whole(self, bare_program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        bare_program.write_config(HEAD)
        monkeypatch.chdir(bare_program.directory)
        assert bare_program.run("config", "set", "ca_bundle", "ca.pem").status == 0
        assert f'ca_bundle = "{bare_program.directory / "ca.pem"}"' in text(bare_program)

    def test_one_in_the_file_starts_at_the_files_directory_and_is_named_by_its_line(
        self, bare_program: Program, emulator: RunningEmulator
    ) -> None:
        path = bare_program.write_config(
            f'[profiles.a]\nendpoint = "{emulator.endpoint}"\nkey = "{KEY}"\nca_bundle = "rel.pem"\n'
        )
        result = bare_program.run("list")
        assert (result.status, result.out) == (13, "")
        bundle = bare_program.directory / "rel.pem"
        assert f"{path}:4: ca_bundle {bundle} cannot be used: there is no such file" in result.err


class TestChoosing:
    def two_profiles(self, program: Program, default: str = "") -> None:
        program.write_config(f'{default}{HEAD}[profiles.dr]\nendpoint = "https://dr.example"\n')

    @pytest.mark.parametrize(
        "command", [("list",), ("take",), ("export", "--to", "x"), ("take", "-t", "PersonGroup", "-i", "x")]
    )
    def test_none_of_several_is_told(self, bare_program: Program, command: tuple[str, ...]) -> None:
        self.two_profiles(bare_program)
        result = bare_program.run(*command)
        assert (result.status, result.out) == (2, "")
        assert "no profile is chosen, and there are several" in result.err
        assert "facesnap config use NAME makes it the default: prod, dr" in result.err

    def test_a_wrong_default_can_be_repaired(self, bare_program: Program) -> None:
        self.two_profiles(bare_program, 'default_profile = "prd"\n')
        broken = bare_program.run("list")
        assert (broken.status, broken.out) == (13, "")
        assert "config.toml:1: default_profile: there is no profile 'prd'; did you mean prod?" in broken.err
        assert "facesnap config use NAME" in broken.err
        listed = bare_program.run("config", "list", "-o", "id")
        assert (listed.status, listed.out.split()[:2]) == (0, ["prod", "dr"])
        assert "warning: " in listed.err
        for command in (("config", "path"), ("config", "set", "type", "FaceList", "-p", "dr"), ("config", "use", "dr")):
            assert bare_program.run(*command).status == 0
        assert bare_program.run("config", "show", "-o", "json").json[0]["value"] == "dr"

    def test_a_wrong_variable_can_be_looked_into(self, bare_program: Program) -> None:
        self.two_profiles(bare_program)
        listed = bare_program.run("config", "list", "-o", "id", FACESNAP_PROFILE="nope")
        assert (listed.status, listed.out.split()[:2]) == (0, ["prod", "dr"])
        assert listed.err == "warning: FACESNAP_PROFILE: there is no profile 'nope'\n"
        assert bare_program.run("config", "path", FACESNAP_PROFILE="nope").status == 0

    @pytest.mark.parametrize("command", [("list",), ("take",), ("list", "-p", "prod"), ("config", "show")])
    def test_a_file_that_a_variable_names_must_be_there(self, bare_program: Program, command: tuple[str, ...]) -> None:
        result = bare_program.run(*command, FACESNAP_CONFIG="/no/such/file", FACESNAP_PROFILE="prod")
        assert (result.status, result.out) == (13, "")
        assert "FACESNAP_CONFIG: /no/such/file does not exist" in result.err

    @pytest.mark.parametrize(
        "command",
        [
            ("config", "init", "--endpoint", "https://h.example", "--key-env", "K"),
            ("config", "set", "rate_limit", "5/s", "-p", "emulator"),
            ("config", "use", "emulator"),
        ],
    )
    def test_config_makes_such_a_file(self, bare_program: Program, command: tuple[str, ...]) -> None:
        path = bare_program.directory / "new" / "config.toml"
        assert bare_program.run("config", "path", FACESNAP_CONFIG=str(path)).out == f"{path}\n"
        assert bare_program.run(*command, FACESNAP_CONFIG=str(path)).status == 0
        assert path.exists()

    def test_config_set_default_profile_names_config_use(self, bare_program: Program) -> None:
        self.two_profiles(bare_program)
        result = bare_program.run("config", "set", "default_profile", "dr")
        assert (result.status, result.out) == (2, "")
        assert "facesnap config use dr" in result.err


class TestShow:
    @pytest.mark.parametrize(
        ("arguments", "variables", "default", "source"),
        [
            (("-p", "prod"), {}, "", lambda path: "option"),
            ((), {"FACESNAP_PROFILE": "prod"}, "", lambda path: "environment FACESNAP_PROFILE"),
            ((), {}, 'default_profile = "prod"\n', lambda path: f"default_profile ({path}:1)"),
            ((), {}, "", lambda path: "the file's only one"),
        ],
    )
    def test_it_says_how_the_profile_was_chosen(
        self,
        bare_program: Program,
        arguments: tuple[str, ...],
        variables: dict[str, str],
        default: str,
        source: Callable[[Path], str],
    ) -> None:
        path = bare_program.write_config(default + HEAD)
        shown = bare_program.run("config", "show", "-o", "json", *arguments, **variables)
        assert (shown.status, shown.err) == (0, "")
        assert shown.json[0] == {"name": "profile", "value": "prod", "source": source(path)}

    def test_its_values_are_such_as_config_set_takes(self, bare_program: Program) -> None:
        bare_program.write_config(HEAD + 'rate_limit = "none"\ntimeout = "300"\nhttp_timeout = "1.5s"\n')
        found = {one["name"]: one["value"] for one in bare_program.run("config", "show", "-o", "json").json}
        assert found["rate_limit"] == "none"
        durations = {name: found[name] for name in ("timeout", "http_timeout", "keep_journal")}
        assert durations == {"timeout": "5m", "http_timeout": "1.5s", "keep_journal": "90d"}
        for name, value in durations.items():
            assert bare_program.run("config", "set", name, value).status == 0

    def test_list_names_the_key_source_that_counts(self, bare_program: Program) -> None:
        bare_program.write_config('[profiles.emulator]\nkey_env = "K"\n[profiles.b]\nkey_env = "K"\nauth = "entra"\n')
        found = {one["name"]: one["keySource"] for one in bare_program.run("config", "list", "-o", "json").json}
        assert found == {"emulator": "key_env", "b": "entra", "emulator-target": "key"}


def test_the_scope_of_an_init_is_checked(bare_program: Program) -> None:
    scope = f"{SOURCE_SUBSCRIPTION},"
    made = bare_program.run("config", "init", "--endpoint", "https://h.example", "--key-env", "K", "-s", scope)
    assert (made.status, made.out) == (2, "")
    assert "an entry of the apply scope is empty" in made.err
    assert os.path.getsize(bare_program.directory / "config.toml") == 0


def test_a_second_key_source_does_not_break_the_profile(program: Program) -> None:
    changed = program.run("config", "set", "key_env", "MY_KEY")
    assert (changed.status, changed.out) == (0, "")
    assert "key is removed: a profile has one key source\n" in changed.err
    assert program.run("list", MY_KEY=SOURCE_KEYS[0]).status == 0
