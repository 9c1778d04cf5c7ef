"""The configuration file: what is refused and where, and what editing it leaves as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, SOURCE_SUBSCRIPTION, Program, Result

KEY = SOURCE_KEYS[0]
posix_only = pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")

COMMENTED = """\
# who may change this: ops@example.com
default_profile = "prod"   # the usual one

[profiles.prod]
endpoint = "https://prod.cognitiveservices.azure.com"  # the live one
key_env = "FACE_KEY"
apply_scope = [
    # the other side of the pair
    "bbbbbbbb-0000-4000-8000-000000000002",
]
# keep this comment
rate_limit = "10/s"

# the spare
[profiles.dr]
endpoint = "https://dr.cognitiveservices.azure.com"
key_env = "DR_KEY"
"""


def wrong(result: Result, path: Path, line: int | None, *reasons: str) -> None:
    """Hold a result to what every wrong file gives: exit 13, the file and line, the reason."""
    assert (result.status, result.out) == (13, ""), result
    assert f"{path}:{line}: " in result.err if line else str(path) in result.err
    assert "Traceback" not in result.err
    for reason in reasons:
        assert reason in result.err


class TestReading:
    @pytest.mark.parametrize(
        ("text", "line", "reason"),
        [
            ("[profiles.a\n", 1, ""),
            ("x = 1\n", 1, "unknown key 'x'"),
            ("\ndefault_profile = 3\n", 2, "must be a string"),
            ("profiles = 3\n", 1, "[profiles.NAME]"),
            ("[profiles]\na = 1\n", 1, "[profiles.NAME]"),
            ('[profiles.a]\nendpoint = "https://h.example"\nendpiont = "x"\n', 3, "did you mean endpoint?"),
            ("[profiles.a]\n\nendpoint = 5\n", 3, "must be a text"),
            ('[profiles.a]\nendpoint = "https://h.example"\nrate_limit = ["x"]\n', 3, "must be a text"),
            ('[profiles.a]\nendpoint = "http://h.example"\n', 2, "unencrypted"),
            ('[profiles.a]\nendpoint = "https://h.example"\nkeyring = "yes"\nkey_env = "X"\n', 3, "true or false"),
            ('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\nmax_retries = 1e3\n', 4, "whole number"),
            ('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\nhttp_timeout = inf\n', 4, "text"),
            ('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\nhttp_timeout = "2h"\n', 4, "an hour"),
            ('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\nproxy = 2020-01-01\n', 4, "text"),
        ],
    )
    def test_what_is_wrong_is_named_with_its_line(
        self, bare_program: Program, text: str, line: int, reason: str
    ) -> None:
        path = bare_program.write_config(text)
        wrong(bare_program.run("list", "--profile", "a", X=KEY), path, line, reason)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"[profiles.a]\nendpoint = '\xff\xfe'\n", ":2: not UTF-8"),
            (b"x = '\x00'\n", ":1: "),
            (b"x = " + b"[" * 50_000, "nested too deeply"),
            (b"x = " + b"9" * 10_000 + b"\n", "too long or out of range"),
            (b"#" * 2_000_000, "longer than 262144 bytes"),
            (b"[" + b"a." * 100_000 + b"a]\n", ":1: a key of more than 64 parts"),
            (b"\x7fELF\x02\x01\x01" + bytes(100), ":1: "),
        ],
        ids=["not UTF-8", "NUL", "deep", "huge number", "huge file", "a long key", "a program"],
    )
    def test_what_is_no_configuration_is_refused(self, bare_program: Program, content: bytes, reason: str) -> None:
        path = bare_program.write_config("")
        path.write_bytes(content)
        wrong(bare_program.run("list"), path, None, reason)

    def test_a_directory_is_none(self, bare_program: Program) -> None:
        path = bare_program.directory / "config.toml"
        path.unlink()
        path.mkdir()
        wrong(bare_program.run("list"), path, None, "not a regular file")

    @posix_only
    def test_a_pipe_does_not_hang(self, bare_program: Program) -> None:
        path = bare_program.directory / "config.toml"
        path.unlink()
        os.mkfifo(path, 0o600)
        wrong(bare_program.run("list"), path, None, "not a regular file")

    def test_one_that_config_names_must_exist(self, bare_program: Program) -> None:
        wrong(bare_program.run("list", "--config", "/no/such/file"), Path("/no/such/file"), None, "does not exist")

    def test_dev_null_is_an_empty_one(self, bare_program: Program, emulator: RunningEmulator) -> None:
        result = bare_program.run("list", "--config", os.devnull, FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=KEY)
        assert (result.status, result.err) == (0, "")

    def test_a_path_that_cannot_be_one_is_refused(self, bare_program: Program) -> None:
        assert bare_program.run("list", "--config", "a\x00b").status == 13

    @posix_only
    @pytest.mark.parametrize("secret", [f'key = "{KEY}"', f'key2 = "{KEY}"', 'proxy = "http://me:hush@proxy.example"'])
    def test_one_with_a_secret_that_others_may_read_is_refused(self, bare_program: Program, secret: str) -> None:
        path = bare_program.write_config(f'[profiles.a]\nendpoint = "https://h.example"\n{secret}\n')
        for mode in (0o640, 0o604):
            path.chmod(mode)
            result = bare_program.run("list")
            wrong(result, path, None, f"chmod 600 {path}")
            assert KEY not in result.err

    @posix_only
    def test_one_without_a_secret_may_be_read_by_others(self, program: Program) -> None:
        path = program.write_config('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\n')
        path.chmod(0o644)
        assert program.run("config", "show").status == 0

    @posix_only
    def test_one_that_anybody_may_write_is_refused(self, bare_program: Program) -> None:
        path = bare_program.write_config('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\n')
        path.chmod(0o646)
        wrong(bare_program.run("list"), path, None, "written by others", f"chmod 600 {path}")

    @posix_only
    def test_one_that_a_group_may_write_is_refused_unless_the_group_is_the_owners_alone(
        self, bare_program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = bare_program.write_config('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\n')
        import grp
        import pwd

        path.chmod(0o664)
        me = pwd.getpwuid(path.stat().st_uid).pw_name
        for group, members, status in ((me, [], 0), (me, [me], 0), (me, ["eve"], 13), ("users", [], 13)):
            entry = grp.struct_group((group, "x", path.stat().st_gid, members))
            monkeypatch.setattr("grp.getgrgid", lambda number, entry=entry: entry)
            result = bare_program.run("config", "show", "-o", "none")
            assert (result.status, result.out) == (status, "")
            assert (f"chmod 600 {path}" in result.err) is bool(status)

    @posix_only
    def test_one_in_a_directory_that_others_may_write_is_refused(self, bare_program: Program) -> None:
        path = bare_program.write_config('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\n')
        path.parent.chmod(0o777)
        wrong(bare_program.run("list"), path.parent, None, f"chmod go-w {path.parent}")
        path.parent.chmod(0o1777)  # nobody removes what is another's
        assert bare_program.run("config", "show").status == 0

    @posix_only
    def test_none_is_made_in_such_a_directory(self, bare_program: Program) -> None:
        path = bare_program.directory / "shared" / "config.toml"
        path.parent.mkdir()
        path.parent.chmod(0o777)
        made = ("config", "init", "--endpoint", "https://h.example", "--key-env", "X")
        wrong(bare_program.run(*made, FACESNAP_CONFIG=str(path)), path.parent, None, f"chmod go-w {path.parent}")
        assert not path.exists()

    @posix_only
    def test_so_is_one_to_which_a_symbolic_link_leads(self, bare_program: Program) -> None:
        real = bare_program.directory / "shared" / "facesnap.toml"
        real.parent.mkdir()
        real.write_text('[profiles.a]\nendpoint = "https://h.example"\nkey_env = "X"\n')
        real.parent.chmod(0o777)
        link = bare_program.directory / "config.toml"
        link.unlink()
        link.symlink_to(real)
        wrong(bare_program.run("list"), real.parent, None, f"chmod go-w {real.parent}")

    def test_config_path_tells_the_path_of_a_wrong_file_too(self, bare_program: Program) -> None:
        path = bare_program.write_config("broken = [")
        result = bare_program.run("config", "path")
        assert (result.status, result.out) == (0, f"{path}\n")


class TestEndpoints:
    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://127.0.0.1.evil.com",
            "http://localhost@evil.com",
            "http://localhost:80@evil.com",
            "http://localhost\\@evil.com",
            "http://evil.com#localhost",
            "http://evil.com?localhost",
            "http://localhost.",
            "http://localhost.evil.com",
            "http://2130706433",
            "http://0x7f000001",
            "http://127.1",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://[::]",
            "http://127.0.0.\uff11",
            "http://loc\u0430lhost",
            "https://user:pw@h.example",
            "https://h.example/path",
            "https://h.example/facebook",
            "https://h.example/face/v1.0/../../x",
            "https://h.example\n.evil.com",
            "https://h.example:99999",
            "https://h ost.example",
            "https://\u202eh.example",
            "https://[::1",
            "https://",
            "ftp://h.example",
            "h.example",
            "//h.example",
            "https:h.example",
        ],
    )
    def test_one_that_could_lead_the_key_astray_is_refused(self, bare_program: Program, endpoint: str) -> None:
        result = bare_program.run("list", FACESNAP_ENDPOINT=endpoint, FACESNAP_KEY=KEY)
        assert (result.status, result.out) == (2, ""), result
        assert result.err.startswith("facesnap: FACESNAP_ENDPOINT: ")
        assert "\u202e" not in result.err
        assert len(result.err.splitlines()) <= 4

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("https://WESTEUROPE.api.cognitive.microsoft.com/", "https://westeurope.api.cognitive.microsoft.com"),
            ("https://n.cognitiveservices.azure.cn/face/v1.0/", "https://n.cognitiveservices.azure.cn"),
            ("http://[::1]:8765", "http://[::1]:8765"),
            ("http://LOCALHOST:8765//", "http://localhost:8765"),
            ("https://127.0.0.1.evil.com", "https://127.0.0.1.evil.com"),
        ],
    )
    def test_one_is_kept_as_its_host(self, bare_program: Program, given: str, shown: str) -> None:
        result = bare_program.run("config", "show", "-o", "json", FACESNAP_ENDPOINT=given, FACESNAP_KEY=KEY)
        assert {one["name"]: one["value"] for one in result.json}["endpoint"] == shown


class TestEditing:
    def test_set_changes_its_line_alone(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        result = bare_program.run("config", "set", "rate_limit", "20/m")
        assert (result.status, result.out) == (0, "")
        assert path.read_text() == COMMENTED.replace('"10/s"', '"20/m"')

    def test_set_keeps_the_comment_beside_a_value(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        bare_program.run("config", "set", "endpoint", "https://new.example")
        assert path.read_text() == COMMENTED.replace("https://prod.cognitiveservices.azure.com", "https://new.example")

    def test_set_replaces_a_value_of_several_lines_as_a_whole(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        bare_program.run("config", "set", "apply_scope", SOURCE_SUBSCRIPTION)
        text = path.read_text()
        assert SOURCE_SUBSCRIPTION in text
        assert "bbbbbbbb" not in text
        assert "# keep this comment" in text
        assert text.count("\n#") == COMMENTED.count("\n#")

    def test_set_adds_to_the_profile_that_is_chosen(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        bare_program.run("config", "set", "object_id", "employees", "-p", "dr")
        assert path.read_text() == COMMENTED + 'object_id = "employees"\n'

    def test_set_adds_above_the_comment_of_the_next_profile(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        bare_program.run("config", "set", "object_id", "employees")
        assert path.read_text() == COMMENTED.replace('"10/s"\n', '"10/s"\nobject_id = "employees"\n')

    def test_use_changes_the_default_alone(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        assert bare_program.run("config", "use", "dr").status == 0
        assert path.read_text() == COMMENTED.replace('default_profile = "prod"', 'default_profile = "dr"')

    def test_init_adds_a_profile_and_keeps_the_others_as_they_are(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        arguments = ("--profile", "eu", "--endpoint", "https://eu.example", "--key-env", "EU_KEY")
        assert bare_program.run("config", "init", *arguments).status == 0
        assert path.read_text().startswith(COMMENTED)

    def test_init_with_force_replaces_one_profile_and_no_comment_outside(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        arguments = ("--profile", "prod", "--endpoint", "https://eu.example", "--key-env", "EU_KEY", "--force")
        assert bare_program.run("config", "init", *arguments).status == 0
        text = path.read_text()
        assert "https://prod." not in text
        assert "# who may change this" in text
        assert "# the spare\n[profiles.dr]" in text

    def test_init_makes_the_first_profile_the_default_and_reads_the_key_from_stdin(self, bare_program: Program) -> None:
        result = bare_program.run("config", "init", "--endpoint", "https://eu.example", stdin=f"{KEY}\n")
        assert (result.status, result.out) == (0, "")
        assert KEY not in result.err
        path = bare_program.directory / "config.toml"
        assert 'default_profile = "default"' in path.read_text()
        assert f'key = "{KEY}"' in path.read_text()
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_refused_value_leaves_the_file_alone(self, bare_program: Program) -> None:
        path = bare_program.write_config(COMMENTED)
        assert bare_program.run("config", "set", "endpoint", "http://evil.example").status == 2
        assert path.read_text() == COMMENTED

    @posix_only
    def test_writing_makes_it_its_owners_and_keeps_a_symbolic_link(self, bare_program: Program) -> None:
        real = bare_program.directory / "dotfiles" / "facesnap.toml"
        real.parent.mkdir()
        real.write_text(COMMENTED)
        real.chmod(0o644)
        link = bare_program.directory / "config.toml"
        link.unlink()
        link.symlink_to(real)
        assert bare_program.run("config", "set", "key", stdin=KEY).status == 0
        assert link.is_symlink()
        assert KEY in real.read_text()
        assert stat.S_IMODE(real.stat().st_mode) == 0o600
        assert [path.name for path in real.parent.iterdir()] == ["facesnap.toml"]

    @posix_only
    def test_a_file_that_cannot_be_written_stays_as_it_was(
        self, bare_program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = bare_program.write_config(COMMENTED)

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("facesnap_cli.common.files.os.fsync", full)
        wrong(bare_program.run("config", "set", "rate_limit", "20/m"), path, None, "No space left on device")
        assert path.read_text() == COMMENTED
        assert list(path.parent.glob(".config*")) == []


@posix_only
class TestState:
    def test_its_directory_and_journal_are_for_the_owner_alone(self, program: Program) -> None:
        assert program.run("status").status == 0
        state = program.directory / "state"
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert stat.S_IMODE((state / "journal.db").stat().st_mode) == 0o600

    def test_it_is_so_whatever_makes_it(self, program: Program) -> None:
        assert program.run("list").status == 0
        assert stat.S_IMODE((program.directory / "state").stat().st_mode) == 0o700

    def test_one_that_anybody_may_write_is_refused(self, program: Program, emulator: RunningEmulator) -> None:
        state = program.directory / "state"
        state.mkdir()
        state.chmod(0o777)
        result = program.run("take", "-t", "PersonGroup", "-i", "employees")
        assert (result.status, result.out) == (13, "")
        assert f"chmod 700 {state}" in result.err
        assert emulator.requests()["requests"] == []
