"""Wrong values of the configuration: an error where they are used, even if overridden, and a warning elsewhere."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program, Result

WRONG = [
    ("rate_limit", '"fast"', ("--http-timeout", "5")),
    ("http_timeout", '"soon"', ("--http-timeout", "5")),
    ("output", '"xml"', ("-o", "json")),
    ("endpoint", '"ftp://x"', ()),
    ("subscription_id", '"none"', ()),
    ("ca_bundle", r'"a\u0000b"', ("--ca-bundle", "/nowhere")),
    ("key_file", r'"a\u0000b"', ()),
]
OVERRIDES = {
    "FACESNAP_ENDPOINT": "http://127.0.0.1:1",
    "FACESNAP_SUBSCRIPTION_ID": "aaaaaaaa-0000-4000-8000-000000000001",
    "FACESNAP_KEY": "a" * 32,
}
each_wrong = pytest.mark.parametrize(("name", "value", "options"), WRONG, ids=[name for name, _, _ in WRONG])


def with_value(program: Program, profile: str, name: str, value: str) -> str:
    """Put a value into a profile, in place of the one that it has, and return how messages name it."""
    path = program.directory / "config.toml"
    table = f"[profiles.{profile}]"
    head, _, rest = path.read_text().partition(f"{table}\n")
    own, bracket, others = rest.partition("[profiles.")
    own = "".join(line for line in own.splitlines(keepends=True) if not line.startswith(f"{name} ="))
    before = f"{head}{table}\n{own}"
    program.write_config(f"{before}{name} = {value}\n{bracket}{others}")
    return f"{path}:{before.count(chr(10)) + 1}: {name}: "


@each_wrong
def test_a_wrong_value_is_13_even_if_an_option_or_a_variable_overrides_it(
    program: Program, name: str, value: str, options: tuple[str, ...]
) -> None:
    place = with_value(program, "source", name, value)
    done = program.run("list", *options, **OVERRIDES)
    assert (done.status, done.out) == (13, "")
    assert place in done.err


@each_wrong
def test_a_wrong_value_of_another_profile_is_a_warning_and_doctor_fails(
    program: Program, emulator: RunningEmulator, name: str, value: str, options: tuple[str, ...]
) -> None:
    place = with_value(program, "target", name, value)
    done = program.run("list", "-q")
    assert done.status == 0
    assert done.err.startswith(f"warning: {place}")
    assert done.err.endswith("(in profile target)\n")
    assert program.run("doctor", "-q").status == 13


def test_an_unknown_key_of_another_profile_is_a_warning(program: Program) -> None:
    with_value(program, "target", "colour", '"red"')
    done = program.run("list", "-q")
    assert done.status == 0
    assert "unknown key 'colour'" in done.err


@pytest.mark.parametrize(
    "words", [("set", "rate_limit", "10/s"), ("unset", "rate_limit"), ("delete", "source", "--yes")], ids=" ".join
)
def test_a_wrong_value_can_be_mended(program: Program, words: tuple[str, ...]) -> None:
    with_value(program, "source", "rate_limit", '"fast"')
    named = () if words[0] == "delete" else ("--profile", "source")
    assert program.run("config", *words, *named).status == 0
    assert "fast" not in (program.directory / "config.toml").read_text()


def endpoint(program: Program, text: str) -> Result:
    program.write_config(f'[profiles.a]\nkey = "{"a" * 32}"\nendpoint = "{text}"\n')
    return program.run("config", "show", "-o", "json")


@pytest.mark.parametrize("path", ["", "/", "/face", "/face/", "/face/v1.0", "/face/v1.0/"])
def test_an_endpoint_may_end_as_the_documentation_writes_it(bare_program: Program, path: str) -> None:
    shown = {setting["name"]: setting["value"] for setting in endpoint(bare_program, f"https://h.example{path}").json}
    assert (shown["endpoint"], shown["api_version"]) == ("https://h.example", "v1.0")


@pytest.mark.parametrize("version", ["v1.2", "v1.0-preview", "v1.1", "v2.0"])
def test_a_version_in_an_endpoint_is_refused_with_the_setting_for_it(bare_program: Program, version: str) -> None:
    refused = endpoint(bare_program, f"https://h.example/face/{version}/")
    assert (refused.status, refused.out) == (13, "")
    assert f"{version} in it would not be used" in refused.err
    assert f"give https://h.example as the endpoint, and {version} as api_version" in refused.err
