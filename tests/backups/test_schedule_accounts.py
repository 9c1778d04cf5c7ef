"""Test that what `schedule` prints backs up the account that this run was given, wherever it is started."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from facesnap_cli.commands.schedule import program_words
from tests.backups.conftest import Estate, key
from tests.conftest import Result
from tests.support.waiting import PATIENCE_S

STRANGE = '50% of "it\'s" $HOME \\ & more'


@pytest.fixture
def plan(estate: Estate) -> Path:
    """Write a plan without a source, in a directory with every character that needs quotes; `dr` has its object too."""
    directory = estate.program.directory / STRANGE
    directory.mkdir()
    estate.program.directory.joinpath("config.toml").rename(directory / "my config.toml")
    estate.program.environment = {"FACESNAP_STATE_DIR": str(directory / "state"), "TZ": "UTC"}
    estate.call("dr", "PUT", "/persongroups/group-00", {"name": "the one of dr"})
    plan = directory / "nightly plan.toml"
    plan.write_text(
        '[[backup]]\nname = "group"\ntype = "PersonGroup"\nobject_id = "group-00"\nmethod = "export"\n'
        'to = ["file:out.facesnap"]\nrequire_images = false\ncovered_for = "2d"\n'
    )
    return plan


def printed(estate: Estate, plan: Path, form: str, how: str) -> str:
    """Print the files of a scheduler, with the profile dr and the configuration chosen by options or variables."""
    config = str(plan.parent / "my config.toml")
    options = ("--profile", "dr", "--config", config) if how == "options" else ()
    variables = {} if options else {"FACESNAP_PROFILE": "dr", "FACESNAP_CONFIG": config}
    done = estate.program.call("schedule", str(plan), "--for", form, *options, **variables)
    assert (done.status, done.err) == (0, "")
    return done.out


def started(words: list[str], *variables: str) -> Result:
    """Start a command from / with an environment of its own."""
    environment = ["HOME=/nonexistent", "PATH=/usr/bin:/bin", *variables]
    done = subprocess.run(
        ["env", "-i", *environment, *words], capture_output=True, text=True, cwd="/", timeout=PATIENCE_S
    )
    return Result(done.returncode, done.stdout, done.stderr)


def is_of_dr(estate: Estate, plan: Path) -> bool:
    shown = estate.run("inspect", str(plan.parent / "out.facesnap"), "-o", "json")
    return str(shown.json["name"]) == "the one of dr"


@pytest.mark.parametrize("how", ["options", "variables"])
def test_the_line_for_cron(estate: Estate, plan: Path, how: str) -> None:
    line = printed(estate, plan, "crontab", how).splitlines()[1]
    done = started(["sh", "-c", line.split(maxsplit=5)[5].replace(r"\%", "%")])
    assert (done.status, done.out, done.err) == (0, "", "")
    assert is_of_dr(estate, plan)
    assert (plan.parent / "state" / "locks").is_dir()


@pytest.mark.parametrize("how", ["options", "variables"])
def test_the_units_for_systemd(estate: Estate, plan: Path, how: str) -> None:
    lines = printed(estate, plan, "systemd", how).splitlines()
    [command] = [line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart=")]
    variables = [line.removeprefix("Environment=") for line in lines if line.startswith("Environment=")]
    words = shlex.split(command.replace("%%", "%").replace("$$", "$"))
    done = started(words, *(shlex.split(text.replace("%%", "%"))[0] for text in variables))
    assert (done.status, done.out, done.err) == (0, "", "")
    assert is_of_dr(estate, plan)
    assert (plan.parent / "state" / "locks").is_dir()


@pytest.mark.parametrize("how", ["options", "variables"])
def test_a_pipeline_chooses_the_profile_and_names_the_file_to_copy(estate: Estate, how: str) -> None:
    config = str(estate.program.directory / "config.toml")
    plan = Path(estate.plan('name = "a"\ntype = "PersonGroup"\nobject_id = "group-00"\nto = ["eu:a-{date}"]\n'))
    options = ("--profile", "dr") if how == "options" else ()
    variables = {} if options else {"FACESNAP_PROFILE": "dr"}
    for form in ("github", "azure", "kubernetes"):
        done = estate.run("schedule", str(plan), "--for", form, *options, **variables)
        assert config in "".join(line for line in done.out.splitlines() if line.startswith("#"))
        assert variables_of(yaml.safe_load(done.out))["FACESNAP_PROFILE"] == "dr"
        default = yaml.safe_load(estate.run("schedule", str(plan), "--for", form).out)
        assert "FACESNAP_PROFILE" not in variables_of(default)


def variables_of(node: Any) -> dict[str, str]:
    """Return the environment variables of all steps in a pipeline's YAML."""
    if isinstance(node, list):
        return {name: value for entry in node for name, value in variables_of(entry).items()}
    if not isinstance(node, dict):
        return {}
    own = node.get("env", {})
    own = {entry["name"]: entry["value"] for entry in own} if isinstance(own, list) else own
    return own | variables_of(list(node.values()))


def test_an_account_of_the_environment_is_written_without_its_key(estate: Estate) -> None:
    account = {"FACESNAP_ENDPOINT": estate.emulator.endpoint, "FACESNAP_KEY": key("dr"), "FACESNAP_API_VERSION": "v1.0"}
    plan = estate.plan('name = "a"\ntype = "PersonGroup"\nobject_id = "group-00"\nto = ["eu:a-{date}"]\n')
    for form in ("crontab", "systemd", "github", "azure", "kubernetes"):
        done = estate.run("schedule", plan, "--for", form, **account)
        assert done.status == 0
        assert key("dr") not in done.out + done.err
        assert estate.emulator.endpoint in done.out
        if form in ("crontab", "systemd"):
            assert "FACESNAP_KEY is set here" in done.err
        elif form != "kubernetes":
            assert "FACESNAP_KEY" in done.out


def test_a_line_break_in_a_path_is_refused_in_a_crontab(estate: Estate) -> None:
    directory = estate.program.directory / "two\nlines"
    directory.mkdir()
    plan = Path(estate.plan('name = "a"\ntype = "PersonGroup"\nobject_id = "a"\nto = ["eu:a-{date}"]\n'))
    plan = plan.rename(directory / "plan.toml")
    assert estate.run("schedule", str(plan), "--for", "crontab").status == 2


def test_the_program_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, other = tmp_path / "facesnap", tmp_path / "bin" / "facesnap"
    other.parent.mkdir()
    for path in (script, other):
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin")
    assert program_words("./facesnap") == [str(script)]
    assert program_words("pytest") == [str(other)]
    assert program_words(str(tmp_path / "facesnap_cli" / "__main__.py")) == [sys.executable, "-m", "facesnap_cli"]
    monkeypatch.setenv("PATH", "")
    assert program_words("facesnap_") == [sys.executable, "-m", "facesnap_cli"]
