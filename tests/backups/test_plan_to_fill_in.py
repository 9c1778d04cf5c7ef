"""`run --init`: a commented plan that a dry run accepts once its values are those of this machine."""

from __future__ import annotations

import re
import tomllib

import pytest

from facesnap_cli.backups.plans.plan import read_plan
from facesnap_cli.backups.plans.plan_keys import ITEM_KEYS, NOTIFY_KEYS, PLAN_KEYS, plan_to_fill_in
from tests.conftest import Program


def test_a_plan_is_printed_that_explains_every_key_on_lines_of_80_columns(bare_program: Program) -> None:
    done = bare_program.run("run", "--init")
    assert (done.status, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    for key in {*PLAN_KEYS, *ITEM_KEYS, *NOTIFY_KEYS}:
        assert re.search(rf"^(# )?{key} = |^\[+{key}\]", done.out, re.MULTILINE), key


def test_a_dry_run_accepts_the_plan_with_a_profile_of_this_machine(program: Program) -> None:
    plan = program.directory / "nightly.toml"
    made = program.run("run", "--init", str(plan))
    assert (made.status, made.out) == (0, "")
    assert f"next: facesnap run {plan} --dry-run" in made.err
    (program.directory / "photos").mkdir()
    plan.write_text(plan.read_text().replace('"prod"', '"source"'))
    assert program.run("run", str(plan), "--dry-run").status == 0


def test_every_key_that_stands_in_a_comment_may_be_used(bare_program: Program) -> None:
    plan = bare_program.directory / "all.toml"
    plan.write_text(re.sub(r"^# (\w+ = )", r"\1", plan_to_fill_in(), flags=re.MULTILINE))
    parsed = tomllib.loads(plan.read_text())
    assert {*parsed, *parsed["backup"][0], *parsed["notify"]} == {*PLAN_KEYS, *ITEM_KEYS, *NOTIFY_KEYS}
    assert read_plan(plan).items[0].name == "employees"


def test_no_file_is_ever_overwritten(bare_program: Program) -> None:
    plan, link = bare_program.directory / "nightly.toml", bare_program.directory / "link.toml"
    plan.write_text("mine\n")
    link.symlink_to(bare_program.directory / "nowhere")
    for path in (plan, link):
        refused = bare_program.run("run", "--init", str(path))
        assert (refused.status, refused.out) == (6, "")
        assert f"{path} exists already" in refused.err
    assert plan.read_text() == "mine\n"


@pytest.mark.parametrize("path", ["missing/nightly.toml", "config.toml", ".", "state/nightly.toml"])
def test_a_plan_is_written_only_where_a_new_file_may_be(bare_program: Program, path: str) -> None:
    refused = bare_program.run("run", "--init", str(bare_program.directory / path))
    assert (refused.status, refused.out) == (2, "")


@pytest.mark.parametrize("other", ["--dry-run", "--drill", "--jobs=2", "--summary=x.md"])
def test_the_option_goes_with_no_other(bare_program: Program, other: str) -> None:
    assert bare_program.run("run", "--init", other).status == 2


def test_a_run_without_a_plan_says_how_to_write_one(bare_program: Program) -> None:
    refused = bare_program.run("run")
    assert refused.status == 2
    assert "facesnap run --init nightly.toml" in refused.err
