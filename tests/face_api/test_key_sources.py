"""Where keys come from, and within what time."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tomli_w

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program
from tests.support.keys import KEY, SECOND_KEY, configured, key_file, refused
from tests.support.waiting import HANG_S, until

posix_only = pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")


class TestSources:
    def test_the_environment_alone_is_enough(self, made: Program, emulator: RunningEmulator) -> None:
        result = made.run("list", "-o", "json", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=KEY)
        assert (result.status, result.out, result.err) == (0, "[]\n", "")

    @pytest.mark.parametrize(
        "line",
        [
            f'key = "{KEY}"',
            'key_env = "FACE_KEY"',
            'key_file = "face.key"',
            'key_file = "${SECRETS}/face.key"',
            "key_command = \"sh -c 'echo $FACE_KEY'\"",
            'key_command = ["sh", "-c", "cat face.key; echo second line"]',
        ],
    )
    def test_a_profile_names_one(
        self, made: Program, emulator: RunningEmulator, line: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key_file(made.directory)
        monkeypatch.chdir(made.directory)
        result = configured(made, emulator, line).run("list", FACE_KEY=KEY, SECRETS=str(made.directory))
        assert (result.status, result.err) == (0, "")

    def test_without_any_it_says_what_to_set(self, made: Program, emulator: RunningEmulator) -> None:
        refused(
            configured(made, emulator).run("list"),
            "profile prod gives no key",
            "facesnap config set key --profile prod",
        )

    def test_two_are_one_too_many(self, made: Program, emulator: RunningEmulator) -> None:
        result = configured(made, emulator, f'key = "{KEY}"', 'key_env = "X"').run("list")
        assert (result.status, result.out) == (13, "")
        assert "key, key_env" in result.err
        assert KEY not in result.err

    def test_a_variable_that_is_not_set_is_named(self, made: Program, emulator: RunningEmulator) -> None:
        refused(configured(made, emulator, 'key_env = "FACE_KEY"').run("list"), "FACE_KEY", "is not set")

    @pytest.mark.parametrize("text", ["two words", "two\nlines", "caf\u00e9", "\x1b[31m", "x" * 9000, "a\x00b"])
    def test_what_cannot_be_a_key_is_refused_unseen(self, made: Program, emulator: RunningEmulator, text: str) -> None:
        result = configured(made, emulator, 'key_env = "FACE_KEY"').run("list", FACE_KEY=text)
        refused(result, "cannot be a key")
        assert text not in result.err


class TestFiles:
    def test_a_credential_of_systemd_fits_also_with_its_access_list(
        self, made: Program, emulator: RunningEmulator, tmp_path: Path
    ) -> None:
        credentials = tmp_path / "credentials"
        credentials.mkdir()
        key_file(credentials, mode=0o440)
        program = configured(made, emulator, 'key_file = "${CREDENTIALS_DIRECTORY}/face.key"')
        assert program.run("list", CREDENTIALS_DIRECTORY=str(credentials)).status == 0
        refused(program.run("list"), "CREDENTIALS_DIRECTORY is not set", "LoadCredential=")

    @posix_only
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o644])
    def test_one_that_others_may_read_is_refused_with_the_chmod(
        self, made: Program, emulator: RunningEmulator, mode: int
    ) -> None:
        path = key_file(made.directory, mode=mode)
        refused(configured(made, emulator, 'key_file = "face.key"').run("list"), f"chmod 600 {path}")

    @posix_only
    def test_a_symbolic_link_counts_as_what_it_names(self, made: Program, emulator: RunningEmulator) -> None:
        real = key_file(made.directory, mode=0o644, name="real.key")
        (made.directory / "face.key").symlink_to(real)
        program = configured(made, emulator, 'key_file = "face.key"')
        refused(program.run("list"), "others may read")
        real.chmod(0o600)
        assert program.run("list").status == 0

    @posix_only
    def test_a_pipe_does_not_hang(self, made: Program, emulator: RunningEmulator) -> None:
        os.mkfifo(made.directory / "face.key", 0o600)
        refused(configured(made, emulator, 'key_file = "face.key"').run("list"), "not a regular file")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("", "empty key"),
            (" \n\n", "empty key"),
            (b"\x00\x01\x02\xff" * 8, "cannot be a key"),
            ("x" * 100_000, "longer than 8192 bytes"),
            (f"{KEY}\n{KEY}\n", "cannot be a key"),
        ],
        ids=["empty", "blank", "binary", "huge", "two lines"],
    )
    def test_one_without_a_key_is_refused(
        self, made: Program, emulator: RunningEmulator, content: str | bytes, reason: str
    ) -> None:
        key_file(made.directory, content)
        refused(configured(made, emulator, 'key_file = "face.key"').run("list"), reason)

    @pytest.mark.parametrize(
        ("path", "reason"),
        [("missing", "No such file"), (".", "not a regular file")],
    )
    def test_one_that_is_none_is_named(self, made: Program, emulator: RunningEmulator, path: str, reason: str) -> None:
        refused(configured(made, emulator, f'key_file = "{path}"').run("list"), "the key file", reason)


@posix_only
class TestCommands:
    def test_one_that_fails_gives_its_reason(self, made: Program, emulator: RunningEmulator) -> None:
        command = "sh -c 'echo first >&2; echo vault is \033[31msealed >&2; exit 7'"
        result = configured(made, emulator, f"key_command = {_toml(command)}").run("list")
        refused(result, "key_command (sh) exited with 7", r"vault is \x1b[31msealed")

    @pytest.mark.parametrize("command", ["/no/such/program", "./missing", "''"])
    def test_one_that_is_not_there_is_named(self, made: Program, emulator: RunningEmulator, command: str) -> None:
        refused(configured(made, emulator, f'key_command = "{command}"').run("list"), "cannot be run")

    def test_one_that_cannot_be_split_is_a_wrong_configuration(self, made: Program, emulator: RunningEmulator) -> None:
        result = configured(made, emulator, 'key_command = "sh \'x"').run("list")
        assert (result.status, result.out) == (13, "")
        assert "No closing quotation" in result.err

    def test_no_shell_reads_it(self, made: Program, emulator: RunningEmulator) -> None:
        configured(made, emulator, f'key_command = "echo {KEY}; touch {made.directory}/pwned"')
        refused(made.run("list"), "cannot be a key")
        assert not (made.directory / "pwned").exists()

    def test_one_that_does_not_end_is_ended_with_its_children(
        self, made: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("facesnap_cli.face_api.key_sources.SOURCE_TIMEOUT_S", 3.0)
        script = made.directory / "slow.sh"
        script.write_text(f"sleep {HANG_S} & echo $! > child; wait\n")
        refused(
            configured(made, emulator, f"key_command = \"sh -c 'cd {made.directory}; . ./slow.sh'\"").run("list"),
            "did not end within 3 s",
        )
        assert _has_ended(int((made.directory / "child").read_text()))

    def test_a_child_that_lives_on_does_not_hold_up_the_key(self, made: Program, emulator: RunningEmulator) -> None:
        child = made.directory / "child"
        command = f"sh -c 'sleep {HANG_S} & echo $! > {child}; echo {KEY}'"
        assert configured(made, emulator, f'key_command = "{command}"').run("list").status == 0
        os.kill(int(child.read_text()), signal.SIGKILL)  # raises ProcessLookupError if it has ended

    @pytest.mark.parametrize("command", ["yes", "sh -c 'yes >&2'"])
    def test_one_that_prints_without_end_is_ended(self, made: Program, emulator: RunningEmulator, command: str) -> None:
        refused(configured(made, emulator, f'key_command = "{command}"').run("list"), "more than 8192 bytes")

    def test_one_with_a_directory_in_its_name_begins_at_the_configuration(
        self, made: Program, emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        here = tmp_path_factory.mktemp("elsewhere")
        for directory, key in ((made.directory, KEY), (here, "a-trap-that-is-no-key")):
            script = directory / "get-key"
            script.write_text(f"#!/bin/sh\necho {key}\n")
            script.chmod(0o700)
        for command in ('"./get-key"', '["./get-key", "x"]'):
            configured(made, emulator, f"key_command = {command}")
            with contextlib.chdir(here):
                assert made.run("list").status == 0

    def test_it_sees_the_key_of_no_other_profile(self, made: Program, emulator: RunningEmulator) -> None:
        command = f"sh -c 'env > {made.directory}/seen; echo {KEY}'"
        configured(made, emulator, f'key_command = "{command}"', "[profiles.dr]", 'key_env = "DR"', 'key2_env = "DR2"')
        assert made.run("list", "-p", "prod", DR=SECOND_KEY, DR2=SECOND_KEY, FACESNAP_KEY="").status == 0
        assert SECOND_KEY not in (made.directory / "seen").read_text()

    def test_it_sees_no_key_in_its_environment_and_no_terminal(self, made: Program, emulator: RunningEmulator) -> None:
        command = f"sh -c 'env > {made.directory}/seen; tty >> {made.directory}/seen; echo {KEY}'"
        configured(made, emulator, f'key_command = "{command}"', 'key2_env = "SECOND"')
        assert made.run("list", SECOND=SECOND_KEY, HARMLESS="yes").status == 0
        seen = (made.directory / "seen").read_text()
        assert "HARMLESS=yes" in seen
        assert SECOND_KEY not in seen
        assert "not a tty" in seen


class TestKeyring:
    def with_keyring(self, monkeypatch: pytest.MonkeyPatch, get_password: Any) -> None:
        module = ModuleType("keyring")
        module.get_password = get_password  # type: ignore[attr-defined]  # a stand-in for the package
        monkeypatch.setitem(sys.modules, "keyring", module)

    def test_it_is_asked_for_facesnap_and_the_profile(
        self, made: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.with_keyring(monkeypatch, lambda service, user: KEY if (service, user) == ("facesnap", "prod") else None)
        assert configured(made, emulator, "keyring = true").run("list").status == 0

    def test_one_that_is_locked_gives_its_reason(
        self, made: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def locked(service: str, user: str) -> str:
            raise RuntimeError("the collection is \x1b[1mlocked\nand more")

        self.with_keyring(monkeypatch, locked)
        refused(configured(made, emulator, "keyring = true").run("list"), r"the keyring failed: the collection is \x1b")

    def test_one_that_hangs_is_given_up(
        self, made: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        released = threading.Event()
        self.with_keyring(monkeypatch, lambda service, user: released.wait(HANG_S))
        monkeypatch.setattr("facesnap_cli.face_api.key_sources.SOURCE_TIMEOUT_S", 0.3)
        refused(configured(made, emulator, "keyring = true").run("list"), "did not answer within")
        released.set()

    def test_one_without_the_key_says_how_to_put_it_there(
        self, made: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.with_keyring(monkeypatch, lambda service, user: None)
        refused(configured(made, emulator, "keyring = true").run("list"), "keyring set facesnap prod")

    def test_a_missing_extra_is_named(
        self, made: Program, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "keyring", None)
        refused(configured(made, emulator, "keyring = true").run("list"), "facesnap-cli[keyring]")


def _toml(text: str) -> str:
    return tomli_w.dumps({"x": text}).partition("= ")[2].strip()


def _has_ended(pid: int) -> bool:
    """Return whether a process is gone or only waits for its parent, which may take the kernel a moment."""

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
        except (ProcessLookupError, FileNotFoundError):
            return True

    until(is_gone, "the end of the child")
    return True
