"""The configuration: made, shown, changed, and refused with the line that is wrong."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.config.edit import Edit
from facesnap_cli.config.file import ConfigFile
from tests.conftest import SOURCE_KEYS, SOURCE_SUBSCRIPTION, Program

ENDPOINT = "https://westus.api.cognitive.microsoft.com"
KEY = SOURCE_KEYS[0]


def init(program: Program, *more: str, stdin: str = f"{KEY}\n") -> int:
    return program.run("config", "init", "-p", "prod", "--endpoint", ENDPOINT, *more, stdin=stdin).status


def test_init_makes_a_private_file_with_the_key_from_stdin(bare_program: Program) -> None:
    assert init(bare_program, "--subscription-id", SOURCE_SUBSCRIPTION) == 0
    path = bare_program.directory / "config.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(path.read_text()) == {
        "default_profile": "prod",
        "profiles": {"prod": {"endpoint": ENDPOINT, "subscription_id": SOURCE_SUBSCRIPTION, "key": KEY}},
    }


def test_init_replaces_no_profile_without_force(bare_program: Program) -> None:
    assert init(bare_program) == 0
    assert init(bare_program) == 2
    assert init(bare_program, "--force", "--key-env", "MY_KEY") == 0
    shown = bare_program.run("config", "list", "-o", "json").json
    assert shown[0]["keySource"] == "key_env"


def test_init_takes_one_key_source(bare_program: Program) -> None:
    assert init(bare_program, "--key-env", "A", "--key-file", "b") == 2


@pytest.mark.parametrize(
    "endpoint",
    ["http://westus.api.cognitive.microsoft.com", "westus", "https://user:pw@host", "https://host/?q=1", "ftp://host"],
)
def test_an_endpoint_that_would_carry_the_key_elsewhere_is_refused(bare_program: Program, endpoint: str) -> None:
    made = bare_program.run("config", "init", "-p", "prod", "--endpoint", endpoint, stdin=KEY)
    assert made.status == 2
    assert (bare_program.directory / "config.toml").read_text() == ""


@pytest.mark.parametrize("host", ["NAME", "YOUR-NAME", "<name>"])
def test_the_endpoint_of_an_example_is_refused(bare_program: Program, host: str) -> None:
    endpoint = f"https://{host}.cognitiveservices.azure.com"
    made = bare_program.run("config", "init", "-p", "prod", "--endpoint", endpoint, stdin=KEY)
    assert (made.status, made.out) == (2, "")
    assert "is the example of the documentation" in made.err
    assert "Keys and Endpoint" in made.err


def test_show_tells_each_value_and_its_source_and_no_key(bare_program: Program) -> None:
    init(bare_program)
    shown = bare_program.run("config", "show", "-o", "json", FACESNAP_OBJECT_ID="employees")
    found = {entry["name"]: entry for entry in shown.json}
    assert found["endpoint"]["source"].startswith("profile prod (")
    assert found["object_id"] == {"name": "object_id", "value": "employees", "source": "environment FACESNAP_OBJECT_ID"}
    assert found["output"]["source"] == "option"
    assert found["api_version"]["source"] == "default"
    assert found["key"]["value"] == "***"
    assert KEY not in shown.out


def test_an_option_wins_over_the_environment_and_that_over_the_profile(bare_program: Program) -> None:
    bare_program.write_config(f'[profiles.prod]\nendpoint = "{ENDPOINT}"\noutput = "tsv"\n')
    assert bare_program.run("config", "show", "--query", "[?name=='output'].value").out == "tsv\n"
    by_variable = bare_program.run("config", "list", FACESNAP_OUTPUT="json")
    assert by_variable.out.startswith("[")
    by_option = bare_program.run("config", "list", "-o", "id", FACESNAP_OUTPUT="json")
    assert by_option.out.splitlines()[0] == "prod"


def test_set_changes_one_line_and_keeps_the_comments(bare_program: Program) -> None:
    path = bare_program.write_config(
        f'# mine\n[profiles.prod] # main\nendpoint = "{ENDPOINT}"\n# slow\nrate_limit = "1/s"\n'
    )
    assert bare_program.run("config", "set", "rate_limit", "20/m").status == 0
    assert path.read_text() == (
        f'# mine\n[profiles.prod] # main\nendpoint = "{ENDPOINT}"\n# slow\nrate_limit = "20/m"\n'
    )


@pytest.mark.parametrize(
    ("key", "said"),
    [(SOURCE_SUBSCRIPTION, "looks like a GUID"), ("0123456789", "has 10 characters"), ("0123456789abcdef" * 2, "")],
)
def test_a_key_that_is_probably_none_is_stored_and_questioned(bare_program: Program, key: str, said: str) -> None:
    for line in (("init", "-p", "prod", "--endpoint", ENDPOINT), ("set", "key")):
        made = bare_program.run("config", *line, stdin=key)
        assert made.status == 0
        assert said in made.err
        assert ("is it KEY 1 or KEY 2" in made.err) is bool(said)


def test_set_refuses_a_key_as_an_argument(bare_program: Program) -> None:
    init(bare_program)
    refused = bare_program.run("config", "set", "key", "0123")
    assert (refused.status, refused.out) == (2, "")
    assert "never an argument" in refused.err
    assert bare_program.run("config", "set", "key", stdin="a-new-key\n").status == 0
    assert "a-new-key" in (bare_program.directory / "config.toml").read_text()


def test_set_checks_names_and_values(bare_program: Program) -> None:
    init(bare_program)
    assert "did you mean rate_limit?" in bare_program.run("config", "set", "rate_limits", "1/s").err
    assert bare_program.run("config", "set", "rate_limit", "fast").status == 2


def test_use_makes_a_profile_the_default(bare_program: Program) -> None:
    bare_program.write_config(f'[profiles.a]\nendpoint = "{ENDPOINT}"\n[profiles.b]\nendpoint = "{ENDPOINT}"\n')
    assert bare_program.run("config", "use", "b").status == 0
    assert bare_program.run("config", "show", "--query", "[0].value").out == "b\n"
    assert bare_program.run("config", "use", "c").status == 2


def test_path_is_the_files_path(bare_program: Program) -> None:
    assert bare_program.run("config", "path").out == f"{bare_program.directory / 'config.toml'}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[profiles.prod]\nendpoint = "x\n', 2, ""),
        ('default_profile = "prod"\n[profile.prod]\n', 2, "unknown key 'profile'"),
        ('[profiles.prod]\n# a comment\nendpiont = "https://host"\n', 3, "did you mean endpoint?"),
        ('[profiles.prod]\nendpoint = "https://host"\napply_scope = ["x"]\n', 3, "is not a GUID"),
        ("[profiles.prod]\nendpoint = 7\n", 2, "must be a text"),
        ('default_profile = "nobody"\n', 1, "no profile 'nobody'"),
        ("profiles = 3\n", 1, "every profile is a table"),
    ],
)
def test_a_wrong_file_is_exit_13_with_its_line(bare_program: Program, text: str, line: int, said: str) -> None:
    path = bare_program.write_config(text)
    shown = bare_program.run("config", "show")
    assert (shown.status, shown.out) == (13, "")
    assert f"{path}:{line}: " in shown.err
    assert said in shown.err


def test_a_file_with_a_key_that_others_may_read_is_refused_with_the_chmod(bare_program: Program) -> None:
    path = bare_program.write_config(f'[profiles.prod]\nendpoint = "{ENDPOINT}"\nkey = "{KEY}"\n')
    path.chmod(0o644)
    shown = bare_program.run("config", "show")
    assert shown.status == 13
    assert f"chmod 600 {path}" in shown.err
    assert KEY not in shown.err


def test_an_empty_configuration_says_what_to_do(bare_program: Program) -> None:
    listed = bare_program.run("list")
    assert (listed.status, listed.out) == (2, "")
    assert "facesnap config init" in listed.err


TOML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(profile=TOML_TEXT, key=st.sampled_from(["endpoint", "object_id", "output"]), value=TOML_TEXT)
def test_an_edit_says_what_was_meant_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, profile: str, key: str, value: str
) -> None:
    before = ConfigFile(
        tmp_path_factory.getbasetemp() / "config.toml",
        True,
        '# top\n[profiles.a]\nendpoint = "x" # here\n\n[profiles."b.c"]\noutput = """\n[profiles.a]\n"""\n',
        {"profiles": {"a": {"endpoint": "x"}, "b.c": {"output": "[profiles.a]\n"}}},
    )
    after = Edit(before).with_values(profile, {key: value}).file
    wanted = {name: dict(entries) for name, entries in before.profiles.items()}
    wanted.setdefault(profile, {})[key] = value
    assert tomllib.loads(after.text)["profiles"] == wanted


def test_a_key_is_not_taken_for_a_variables_name(bare_program: Program) -> None:
    key = "a0000000000000000000000000000001"
    made = bare_program.run("config", "init", "-p", "x", "--endpoint", "https://host", "--key-env", key)
    assert made.status == 2
    assert key not in made.err
