"""`apply --verify` compares, or is refused before anything is paid for; what was cut short can be finished."""

from __future__ import annotations

import httpx
import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_SUBSCRIPTION, Program, take_employees
from tests.support.service import posts


def rename_source(emulator: RunningEmulator) -> None:
    headers = {"Ocp-Apim-Subscription-Key": emulator.accounts[0].keys[0]}
    url = f"{emulator.endpoint}/face/v1.0/persongroups/employees"
    httpx.patch(url, headers=headers, json={"name": "Another"}).raise_for_status()


def test_a_verified_copy_is_told(program: Program, snapshot: str) -> None:
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "full", "-o", "id")
    assert (applied.status, applied.out) == (0, "copy\n")
    assert "verified: copy is the same as employees (3 persons, 7 faces, every id)" in applied.err


def test_a_verification_needs_the_end_of_the_apply(program: Program, snapshot: str, emulator: RunningEmulator) -> None:
    refused = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--no-wait", "--verify", "full")
    assert (refused.status, refused.out) == (2, "")
    assert "--no-wait" in refused.err
    assert posts(emulator, "/snapshots/*/apply") == 0


def test_on_another_machine_the_source_is_found_by_tag_and_subscription(program: Program, snapshot: str) -> None:
    elsewhere = {"FACESNAP_STATE_DIR": str(program.directory / "elsewhere")}
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "full", **elsewhere)
    assert applied.status == 0
    assert "copy is the same as employees" in applied.err


def test_a_difference_is_found_on_another_machine_too(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    rename_source(emulator)
    elsewhere = {"FACESNAP_STATE_DIR": str(program.directory / "elsewhere")}
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "quick", **elsewhere)
    assert applied.status == 14
    assert "name" in applied.err


@pytest.mark.parametrize("missing", ["the subscription's profile", "the object"])
def test_a_verification_that_could_compare_nothing_is_refused_before_the_apply(
    program: Program, emulator: RunningEmulator, missing: str
) -> None:
    tag = ["--no-tag"] if missing == "the object" else []
    snapshot = take_employees(program, *tag)
    if missing == "the subscription's profile":
        config = program.directory / "config.toml"
        second = config.read_text().partition("[profiles.target]")[2]
        doubled = "".join(f'[profiles.{name}]\nsubscription_id = "{SOURCE_SUBSCRIPTION}"\n' for name in ("a", "b"))
        config.write_text(f"[profiles.target]{second}{doubled}")
    elsewhere = {"FACESNAP_STATE_DIR": str(program.directory / "elsewhere")}
    refused = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "full", **elsewhere)
    assert (refused.status, refused.out) == (2, "")
    assert "cannot be verified" in refused.err
    assert posts(emulator, f"/snapshots/{snapshot}/apply") == 0


def test_a_timeout_of_an_apply_that_verifies_is_gone_on_with_by_the_same_command(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    command = ("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "quick", "-o", "id")
    cut = program.run(*command, "--timeout", "1")
    assert (cut.status, cut.out) == (8, "")
    assert "run the same command again" in cut.err
    rename_source(emulator)
    finished = program.run(*command)
    assert finished.status == 14
    assert posts(emulator, f"/snapshots/{snapshot}/apply") == 1


def test_an_apply_that_ended_elsewhere_is_verified_by_the_same_command(
    program: Program, snapshot: str, emulator: RunningEmulator
) -> None:
    command = ("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "full", "-o", "id")
    program.run(*command, "--timeout", "1")
    assert program.run("wait", "-q").status == 0
    verified = program.run(*command)
    assert (verified.status, verified.out) == (0, "copy\n")
    assert "verified: copy" in verified.err
    assert posts(emulator, f"/snapshots/{snapshot}/apply") == 1


def test_without_verification_an_existing_target_stays_a_conflict(program: Program, snapshot: str) -> None:
    command = ("apply", snapshot, "-p", "target", "-i", "copy")
    assert program.run(*command).status == 0
    again = program.run(*command)
    assert (again.status, again.out) == (6, "")
    assert "copy exists in target already" in again.err


def test_a_source_that_is_gone_is_told_as_what_it_is(program: Program, emulator: RunningEmulator) -> None:
    snapshot = take_employees(program)
    headers = {"Ocp-Apim-Subscription-Key": emulator.accounts[0].keys[0]}
    httpx.delete(f"{emulator.endpoint}/face/v1.0/persongroups/employees", headers=headers).raise_for_status()
    applied = program.run("apply", snapshot, "-p", "target", "-i", "a", "--verify", "quick", "-q")
    assert applied.status == 14
    assert "was applied, but its source employees is gone" in applied.err
