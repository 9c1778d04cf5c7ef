"""Test the emulator as a process: banner, options, stop, data, and recovery after kill -9."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from facesnap_cli.common.errors import FacesnapError, UsageError
from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.emulator.banner import banner_lines
from facesnap_cli.emulator.http_server import running
from facesnap_cli.emulator.options import EmulatorOptions
from tests.emulator.doors import TARGET_KEY, SocketDoor, all_persons, wait
from tests.support.waiting import PATIENCE_S

# Without the command line, whose settings come from the user's own files.
PROGRAM = """
import json, pathlib, sys
from facesnap_cli.emulator.http_server import EmulatorOptions, serve
given = json.loads(sys.argv[1])
given["data"] = pathlib.Path(given["data"]) if "data" in given else None
serve(EmulatorOptions(port=0, **given), lambda banner: print(json.dumps(banner), flush=True))
"""


class Started:
    """An emulator in a process of its own."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, json.dumps(given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.banner: dict[str, Any] = json.loads(line) if line else {}

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit status and stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, errors


@contextmanager
def started(**given: Any) -> Iterator[tuple[Started, SocketDoor]]:
    """Start an emulator in a process, which is killed at the end if it still runs."""
    emulator = Started(given)
    with ExitStack() as stack:
        stack.callback(emulator.process.communicate)
        stack.callback(emulator.process.kill)
        door = SocketDoor(emulator.banner["endpoint"])
        stack.callback(door.close)
        yield emulator, door


class TestProcess:
    def test_the_banner_says_where_it_is_and_what_opens_it(self) -> None:
        with started(seed="demo", dialect="2019-06") as (emulator, door):
            banner = emulator.banner

            assert banner["endpoint"] == f"http://127.0.0.1:{banner['port']}"
            assert (banner["dialect"], banner["service"], banner["tier"]) == ("2019-06", "available", None)
            assert banner["data"] is None
            assert [account["name"] for account in banner["accounts"]] == [
                "facesnap-emulator",
                "facesnap-emulator-target",
            ]
            # It was printed when the socket was open: no retry is needed.
            assert door.call("GET", "/persongroups/employees", key=banner["accounts"][0]["keys"][1]).status_code == 200

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_as_a_success(self, number: int) -> None:
        with started() as (emulator, door):
            door.call("GET", "/persongroups")  # leaves a connection open

            assert emulator.stop(number) == (0, "")

    def test_the_text_of_the_banner_has_the_keys_and_a_command(self) -> None:
        with started() as (emulator, _):
            lines = "\n".join(banner_lines(emulator.banner))

        assert emulator.banner["endpoint"] in lines
        assert "a0000000000000000000000000000001" in lines
        assert f"FACESNAP_ENDPOINT={emulator.banner['endpoint']}" in lines


class TestOptions:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("dialect", "2018"),
            ("service", "broken"),
            ("tier", "S1"),
            ("take_time", "soon"),
            ("take_time", "-1"),
            ("train_time", ""),
            ("apply_time", "1/100"),
            ("apply_time", "nan"),
            ("faults", ("nonsense",)),
            ("seed", "no-such-file.json"),
            ("accounts", Path("no-such-file.json")),
            ("host", "256.256.256.256"),
        ],
    )
    def test_a_wrong_option_is_a_usage_error(self, option: str, value: Any) -> None:
        options = EmulatorOptions(**({"port": 0} | {option: value}))

        with pytest.raises(UsageError), running(options):
            pass

    def test_a_port_that_is_taken_is_a_usage_error(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            options = EmulatorOptions(port=taken.getsockname()[1])

            with pytest.raises(UsageError, match="cannot listen"), running(options):
                pass

    def test_every_address_is_announced_as_the_loopback(self) -> None:
        with running(EmulatorOptions(host="0.0.0.0", port=0)) as emulator:
            response = httpx.get(f"{emulator.endpoint}/_emulator/health")

        assert emulator.endpoint.startswith("http://127.0.0.1:")
        assert response.status_code == 200

    def test_ipv6(self) -> None:
        with running(EmulatorOptions(host="::1", port=0)) as emulator:
            response = httpx.get(f"{emulator.endpoint}/_emulator/health")

        assert emulator.endpoint.startswith("http://[::1]:")
        assert response.status_code == 200


class TestData:
    def test_it_survives_a_restart(self, tmp_path: Path) -> None:
        with started(data=str(tmp_path), seed="demo") as (emulator, door):
            snapshot = door.taken("PersonGroup", "employees")
            door.call("DELETE", "/facelists/watchlist")
            now = door.control("GET", "/clock").json()["now"]
            emulator.stop(signal.SIGTERM)
        with started(data=str(tmp_path), seed="demo") as (_, door):
            assert door.call("GET", f"/snapshots/{snapshot}").status_code == 200
            # The seed is for an empty directory only, and the clock does not go back.
            assert door.call("GET", "/facelists/watchlist").status_code == 404
            assert door.control("GET", "/clock").json()["now"] > now

    def test_a_reset_restores_the_seed(self, tmp_path: Path) -> None:
        with started(data=str(tmp_path), seed="demo") as (_, door):
            door.call("DELETE", "/facelists/watchlist")
            door.control("POST", "/reset")

            assert door.call("GET", "/facelists/watchlist").status_code == 200

    def test_operations_go_on_after_kill_9(self, tmp_path: Path) -> None:
        with started(data=str(tmp_path), seed="demo", take_time=60) as (emulator, door):
            location = door.take("PersonGroup", "employees").headers["operation-location"]
            emulator.stop(signal.SIGKILL)
        with started(data=str(tmp_path), take_time=60) as (_, door):
            before = door.call("GET", location).json()["status"]
            door.advance(61)
            after = door.call("GET", location).json()

        assert before in ("notStarted", "running")
        assert after["status"] == "succeeded"

    def test_half_a_copy_goes_on_after_kill_9(self, tmp_path: Path) -> None:
        seed = tmp_path / "seed.json"
        seed.write_text('{"objects": [{"type": "LargePersonGroup", "objectId": "big", "count": 60000}]}')
        with started(data=str(tmp_path), seed=str(seed), take_time=0, apply_time=0) as (emulator, door):
            location = door.take("LargePersonGroup", "big").headers["operation-location"]
            before = door.call("GET", location).json()["status"]
            emulator.stop(signal.SIGKILL)
        with started(data=str(tmp_path), take_time=0, apply_time=0) as (_, door):
            taken = wait(door, location)
            applied = wait(
                door,
                door.apply(taken["resourceLocation"].removeprefix("/snapshots/")).headers["operation-location"],
                key=TARGET_KEY,
            )
            persons = [all_persons(door, "big"), all_persons(door, "copy", key=TARGET_KEY)]

        assert before == "running"
        assert (taken["status"], applied["status"]) == ("succeeded", "succeeded")
        assert len(persons[0]) == 60000
        assert persons[0] == persons[1]

    def test_two_emulators_cannot_share_it(self, tmp_path: Path) -> None:
        with (
            started(data=str(tmp_path)),
            pytest.raises(DatabaseError, match="another emulator"),
            running(EmulatorOptions(port=0, data=tmp_path)),
        ):
            pass

    def test_only_the_owner_can_read_it(self, tmp_path: Path) -> None:
        with started(data=str(tmp_path / "new")):
            mode = os.stat(tmp_path / "new" / "emulator.db").st_mode

        assert mode & 0o077 == 0

    def test_a_file_of_another_program_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "emulator.db").write_bytes(b"not a database" * 100)

        with pytest.raises(DatabaseError, match="damaged"), running(EmulatorOptions(port=0, data=tmp_path)):
            pass


@pytest.mark.skipif(os.name != "posix", reason="such permissions are POSIX's")
def test_the_emulator_keeps_its_data_where_others_do_not_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(EmulatorOptions(port=0, data=data)):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
    data.chmod(0o777)
    with pytest.raises(FacesnapError, match="others may write to"), running(EmulatorOptions(port=0, data=data)):
        pass
