"""`schedule`: texts that the schedulers take, and what is said of a plan that does not go with its rhythm."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.backup.conftest import Estate, item

PLAN = item("group-00", "dr:{name}-{date}", covered_for="2d")


def printed(estate: Estate, form: str, *arguments: str, plan: str = "") -> str:
    done = estate.run("schedule", plan or estate.plan(PLAN), "--for", form, *arguments)
    assert (done.status, done.err) == (0, "")
    return done.out


def test_without_a_name_all_are_printed(estate: Estate) -> None:
    done = estate.run("schedule", estate.plan(PLAN))
    assert (done.status, done.err) == (0, "")
    for mark in ("--quiet", "[Timer]", "runs-on:", "UsePythonVersion", "kind: CronJob"):
        assert mark in done.out


@pytest.mark.parametrize(
    ("every", "at", "cron"),
    [
        ("1h", "02:30", "30 * * * *"),
        ("6h", "02:15", "15 2,8,14,20 * * *"),
        ("12h", "14:05", "5 2,14 * * *"),
        ("24h", "02:30", "30 2 * * *"),
        ("2d", "23:00", "0 23 */2 * *"),
        ("7d", "00:00", "0 0 * * 0"),
    ],
)
def test_the_rhythm_is_written_as_cron_does(estate: Estate, every: str, at: str, cron: str) -> None:
    arguments = ("schedule", estate.plan(PLAN), "--for", "crontab", "--every", every, "--at", at)
    assert estate.run(*arguments).out.splitlines()[1].startswith(f"{cron} ")


def test_a_path_with_blanks_and_percents_survives_in_a_crontab(estate: Estate) -> None:
    plan = Path(estate.plan(PLAN)).rename(estate.program.directory / "50% of it.toml")
    line = printed(estate, "crontab", plan=str(plan)).splitlines()[1]
    assert line.endswith(rf"run '{plan.parent}/50\% of it.toml' --quiet")


def test_the_workflow_is_yaml_with_the_keys_as_secrets(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    config.write_text(config.read_text().replace(f'key = "b{"0" * 30}1"', 'key_env = "DR_KEY"'))
    workflow = yaml.safe_load(printed(estate, "github"))
    assert workflow[True]["schedule"] == [{"cron": "30 2 * * *"}]
    [run] = [step for step in workflow["jobs"]["backup"]["steps"] if "facesnap run" in step.get("run", "")]
    assert run == {"run": "facesnap run nightly.toml --quiet", "env": {"DR_KEY": "${{ secrets.DR_KEY }}"}}


def test_the_pipeline_is_yaml(estate: Estate) -> None:
    pipeline = yaml.safe_load(printed(estate, "azure", "--at", "03:05"))
    assert pipeline["schedules"][0]["cron"] == "5 3 * * *"
    assert any("facesnap run nightly.toml" in step.get("script", "") for step in pipeline["steps"])


def test_the_cron_job_is_yaml(estate: Estate) -> None:
    job = yaml.safe_load(printed(estate, "kubernetes"))
    assert (job["kind"], job["spec"]["schedule"], job["spec"]["timeZone"]) == ("CronJob", "30 2 * * *", "Etc/UTC")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"][2].endswith("exec facesnap run /etc/facesnap/nightly.toml --quiet")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("every", ["1h", "6h", "24h", "2d", "7d"])
def test_systemd_takes_the_units(estate: Estate, tmp_path: Path, every: str) -> None:
    plan = Path(estate.plan(PLAN)).rename(estate.program.directory / "50% of it.toml")
    text = estate.run("schedule", str(plan), "--for", "systemd", "--every", every).out
    head, _, rest = text.partition("[Unit]")
    service, _, timer = rest.partition("# ~/.config")
    name = head.split("/")[-1].strip()
    (tmp_path / name).write_text(f"[Unit]{service}".replace("ExecStart=facesnap", f"ExecStart={shutil.which('true')}"))
    (tmp_path / name.replace(".service", ".timer")).write_text(f"#{timer}")
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(path) for path in tmp_path.glob("facesnap-*"))],
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("plan", "every", "said"),
    [
        (item("a", "dr:{name}-{date}"), "24h", "a: copies are 1d00h apart and count for 20h00m"),
        (
            item("a", "dr:{name}-{date}", keep_snapshot=True, covered_for="8d"),
            "7d",
            "a: keep_snapshot, but the snapshot expires after 48 hours",
        ),
        (
            "\n[[backup]]\n".join(item(f"g-{n}", "dr:{name}-{date}-{time}", max_age="30m") for n in range(5)),
            "1h",
            "prod: about 120 takes a day, and the service allows 100",
        ),
        (
            "\n[[backup]]\n".join(item(f"g-{n}", "dr:{name}-{date}-{time}", max_age="30m") for n in range(5)),
            "1h",
            "dr: about 120 applies a day, and the service allows 100",
        ),
    ],
)
def test_what_does_not_go_with_the_rhythm_is_a_warning(estate: Estate, plan: str, every: str, said: str) -> None:
    done = estate.run("schedule", estate.plan(plan), "--for", "crontab", "--every", every)
    assert done.status == 0
    assert f"warning: {said}" in done.err


def test_hourly_runs_of_a_plan_that_copies_once_a_day_are_no_matter(estate: Estate) -> None:
    items = (item(f"g-{n}", "dr:{name}-{date}", max_age="23h", covered_for="2d") for n in range(90))
    done = estate.run("schedule", estate.plan(*items), "--for", "crontab", "--every", "1h")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize(
    "arguments", [("--for", "cron"), ("--every", "5h"), ("--every", "90m"), ("--at", "24:00"), ("--at", "2")]
)
def test_what_no_scheduler_could_take_is_a_usage_error(estate: Estate, arguments: tuple[str, ...]) -> None:
    refused = estate.run("schedule", estate.plan(PLAN), *arguments)
    assert (refused.status, refused.out) == (2, "")


def test_the_systemd_calendar_means_the_hours_that_cron_means(estate: Estate) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    text = estate.run("schedule", estate.plan(PLAN), "--for", "systemd", "--every", "6h", "--at", "14:15").out
    [calendar] = [line.partition("=")[2] for line in text.splitlines() if line.startswith("OnCalendar=")]
    shown = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=4", "--base-time=2026-11-23 00:00:00 UTC", calendar],
        capture_output=True,
        text=True,
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )
    assert shown.returncode == 0, shown.stderr
    first = datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
    assert [f"{first.replace(hour=hour):%H:%M:%S}" in shown.stdout for hour in (2, 8, 14, 20)] == [True] * 4
