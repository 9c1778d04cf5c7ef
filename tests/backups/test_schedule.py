"""Test `schedule`: the files that schedulers read, and the warnings about a plan that does not suit them."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from facesnap_cli import __version__
from facesnap_cli.backups.schedules import schedulers
from tests.backups.conftest import PROFILES, Estate, item, key

PLAN = item("group-00", "dr:{name}-{date}", covered_for="2d")
EXPORT = item("group-00", "file:backups/{name}-{date}.facesnap", method="export", images="photos", covered_for="2d")


@pytest.fixture(autouse=True)
def keys_in_variables(estate: Estate) -> None:
    """Read the profiles' keys from PROD_KEY, DR_KEY and EU_KEY, as pipelines do."""
    estate.program.environment["TZ"] = "UTC"
    config = estate.program.directory / "config.toml"
    text = config.read_text()
    for profile in PROFILES:
        text = text.replace(f'key = "{key(profile)}"', f'key_env = "{profile.upper()}_KEY"')
    config.write_text(text)


def printed(estate: Estate, form: str, *arguments: str, plan: str = "") -> str:
    done = estate.run("schedule", plan or estate.plan(PLAN), "--for", form, *arguments)
    assert (done.status, done.err) == (0, "")
    return done.out


MARKS = {
    "systemd": "[Timer]",
    "launchd": "<plist",
    "github": "runs-on:",
    "azure": "UsePythonVersion",
    "kubernetes": "kind: CronJob",
}


@pytest.mark.parametrize(
    ("variables", "platform", "has_systemd", "own"),
    [
        ({"GITHUB_ACTIONS": "true"}, "linux", True, "github"),
        ({"TF_BUILD": "True"}, "linux", True, "azure"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "linux", False, "kubernetes"),
        ({}, "darwin", False, "launchd"),
        ({}, "linux", True, "systemd"),
        ({}, "linux", False, "crontab"),
        ({}, "freebsd14", False, "crontab"),
    ],
)
def test_without_a_scheduler_this_machines_own_is_taken(
    estate: Estate,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    platform: str,
    has_systemd: bool,
    own: str,
) -> None:
    monkeypatch.setattr(schedulers, "_SYSTEMD_RUNS", tmp_path if has_systemd else tmp_path / "missing")
    monkeypatch.setattr(sys, "platform", platform)
    estate.program.environment.update(variables)
    done = estate.run("schedule", estate.plan(PLAN))
    assert (done.status, done.err) == (0, "")
    assert [name for name, mark in MARKS.items() if mark in done.out] == ([own] if own in MARKS else [])
    assert own in MARKS or done.out.splitlines()[1].startswith("30 2 * * * ")


@pytest.mark.parametrize(
    ("every", "moments"),
    [
        ("1h", [{"Minute": 30}]),
        ("12h", [{"Minute": 30, "Hour": 2}, {"Minute": 30, "Hour": 14}]),
        ("24h", [{"Minute": 30, "Hour": 2}]),
        ("2d", [{"Minute": 30, "Hour": 2, "Day": day} for day in range(1, 32, 2)]),
        ("7d", [{"Minute": 30, "Hour": 2, "Weekday": 0}]),
    ],
)
def test_the_agent_of_launchd_is_a_property_list(estate: Estate, every: str, moments: list[dict[str, int]]) -> None:
    plan = Path(estate.plan(PLAN.replace('"2d"', '"15d"'))).rename(estate.program.directory / "a & <b>--c.toml")
    agent = plistlib.loads(printed(estate, "launchd", "--every", every, plan=str(plan)).encode())
    assert agent["Label"] == "facesnap-a-b-c"
    assert agent["ProgramArguments"][-3:] == ["run", str(plan), "--quiet"]
    assert agent["EnvironmentVariables"]["FACESNAP_STATE_DIR"].endswith("state")
    assert agent["StartCalendarInterval"] == moments
    assert Path(agent["StandardErrorPath"]).is_absolute()


def test_a_property_list_cannot_have_control_characters(estate: Estate) -> None:
    plan = Path(estate.plan(PLAN)).rename(estate.program.directory / "a\x01.toml")
    refused = estate.run("schedule", str(plan), "--for", "launchd")
    assert (refused.status, refused.out) == (2, "")
    assert "control characters" in refused.err


ALL_SCHEDULERS = [word for name in ("crontab", *MARKS) for word in ("--for", name)]


def test_every_kind_of_trouble_is_one_warning(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    for profile in PROFILES:
        config.write_text(config.read_text().replace(f'key_env = "{profile.upper()}_KEY"', f'key = "{key(profile)}"'))
    copies = [item(f"g-{n}", "dr:{name}-{date}-{time}", "eu:{name}-{time}{date}", max_age="30m") for n in range(5)]
    absolute = [item(f"x-{n}", f"file:/srv/{n}/{{name}}.facesnap", method="export", covered_for="2d") for n in range(2)]
    plan = estate.plan(*copies, *absolute)
    done = estate.run("schedule", plan, "--every", "1h", *ALL_SCHEDULERS)
    assert done.err.splitlines() == [
        "warning: g-0, g-1, g-2 and 2 more: copies are 1h00m apart and count for 30m00s: backups --check fails in"
        " between; set covered_for",
        "warning: prod: about 120 takes a day; dr: about 120 applies a day; eu: about 120 applies a day;"
        " the service allows 100",
        "warning: profiles dr, eu, prod have their keys in the file; pipelines need key_env",
        "warning: github and azure: the archives become artifacts, personal data that all may download who may read"
        " the pipeline's runs; the next run does not see them: keep deletes none, and images come from images alone",
        "warning: kubernetes: /srv/0/x-0.facesnap and /srv/1/x-1.facesnap need a volume each, which the CronJob does"
        " not mount yet",
    ]


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
def test_the_frequency_becomes_the_fields_of_cron(estate: Estate, every: str, at: str, cron: str) -> None:
    arguments = ("schedule", estate.plan(PLAN), "--for", "crontab", "--every", every, "--at", at)
    assert estate.run(*arguments).out.splitlines()[1].startswith(f"{cron} ")


@pytest.mark.parametrize(
    ("zone", "every", "at", "cron", "said"),
    [
        ("Asia/Tokyo", "24h", "02:30", "30 11 * * *", "02:30 UTC is 11:30 here now. Mail"),
        ("Asia/Tokyo", "7d", "20:00", "0 5 * * 1", "20:00 UTC is 05:00 here now. Mail"),
        ("Asia/Kolkata", "6h", "00:00", "30 5,11,17,23 * * *", "00:00 UTC is 05:30 here now. Mail"),
        ("America/Phoenix", "7d", "02:30", "30 19 * * 6", "02:30 UTC is 19:30 here now. Mail"),
        ("Europe/Berlin", "1h", "02:30", "30 * * * *", "here now; where daylight saving begins and ends, it moves by"),
    ],
)
def test_the_crontab_is_in_the_machines_own_time(
    estate: Estate, zone: str, every: str, at: str, cron: str, said: str
) -> None:
    estate.program.environment["TZ"] = zone
    plan = estate.plan(PLAN.replace('"2d"', '"8d"'))
    comment, line = printed(estate, "crontab", "--every", every, "--at", at, plan=plan).splitlines()
    assert line.startswith(f"{cron} ")
    assert said in comment


def test_the_crontab_of_a_process_is_in_the_systems_time(estate: Estate) -> None:
    done = estate.program.call("schedule", estate.plan(PLAN), "--for", "crontab", TZ="XYZ-3")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[1].startswith("30 5 * * *")


def test_a_path_may_have_spaces_and_percent_signs_in_a_crontab(estate: Estate) -> None:
    plan = Path(estate.plan(PLAN)).rename(estate.program.directory / "50% of it.toml")
    line = printed(estate, "crontab", plan=str(plan)).splitlines()[1]
    assert line.endswith(rf"run '{plan.parent}/50\% of it.toml' --quiet")


def test_a_plan_may_be_named_like_a_placeholder_of_the_templates(estate: Estate) -> None:
    plan = Path(estate.plan(PLAN)).rename(estate.program.directory / "@command@.toml")
    assert "Description=facesnap run @command@.toml" in printed(estate, "systemd", plan=str(plan)).splitlines()


KEYS = {name: f"${{{{ secrets.{name} }}}}" for name in ("DR_KEY", "PROD_KEY")}


def test_the_workflow_is_yaml_with_the_keys_as_secrets(estate: Estate) -> None:
    workflow = yaml.safe_load(printed(estate, "github"))
    assert workflow[True]["schedule"] == [{"cron": "30 2 * * *"}]
    [run] = [step for step in workflow["jobs"]["backup"]["steps"] if "facesnap run" in step.get("run", "")]
    assert run == {"run": "facesnap run nightly.toml --quiet", "env": KEYS}


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
def test_systemd_accepts_the_units(estate: Estate, tmp_path: Path, every: str) -> None:
    plan = Path(estate.plan(PLAN)).rename(estate.program.directory / "50% of it.toml")
    text = estate.run("schedule", str(plan), "--for", "systemd", "--every", every).out
    head, _, rest = text.partition("[Unit]")
    service, _, timer = rest.partition("# ~/.config")
    name = head.split("/")[-1].strip()
    (tmp_path / name).write_text(f"[Unit]{service}")
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
            "prod: about 120 takes a day; dr: about 120 applies a day; the service allows 100",
        ),
    ],
)
def test_a_plan_that_does_not_suit_the_frequency_is_a_warning(estate: Estate, plan: str, every: str, said: str) -> None:
    done = estate.run("schedule", estate.plan(plan), "--for", "crontab", "--every", every)
    assert done.status == 0
    assert f"warning: {said}" in done.err


def test_hourly_runs_of_a_plan_that_copies_once_a_day_give_no_warning(estate: Estate) -> None:
    items = (item(f"g-{n}", "dr:{name}-{date}", max_age="23h", covered_for="2d") for n in range(90))
    done = estate.run("schedule", estate.plan(*items), "--for", "crontab", "--every", "1h")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize(
    "arguments", [("--for", "cron"), ("--every", "5h"), ("--every", "90m"), ("--at", "24:00"), ("--at", "2")]
)
def test_a_value_that_no_scheduler_accepts_is_a_usage_error(estate: Estate, arguments: tuple[str, ...]) -> None:
    refused = estate.run("schedule", estate.plan(PLAN), *arguments)
    assert (refused.status, refused.out) == (2, "")


def test_the_systemd_calendar_has_the_hours_of_cron(estate: Estate) -> None:
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


def test_a_user_unit_names_nothing_that_only_the_system_has(estate: Estate) -> None:
    text = printed(estate, "systemd")
    assert "network-online" not in text
    assert text.splitlines()[-1].endswith("it runs only after: loginctl enable-linger")
    assert "# LoadCredential=face.key:%h/.config/facesnap/face.key" in text


@pytest.mark.parametrize("form", ["github", "azure", "kubernetes"])
def test_a_pipeline_says_how_to_install_without_a_package_index(estate: Estate, form: str) -> None:
    text = printed(estate, form)
    assert f"facesnap-cli=={__version__}" in text
    assert "no package index has" in text


@pytest.mark.parametrize("form", ["github", "azure", "kubernetes"])
@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f'key = "{key("dr")}"', "profile dr has its key in the file; pipelines need key_env"),
        ('key_file = "x"', "profile dr has its key from key_file, which only this machine has; pipelines need key_env"),
    ],
)
def test_a_key_that_a_pipeline_does_not_have_is_a_warning(estate: Estate, form: str, source: str, said: str) -> None:
    config = estate.program.directory / "config.toml"
    config.write_text(config.read_text().replace('key_env = "DR_KEY"', source))
    done = estate.run("schedule", estate.plan(PLAN), "--for", form)
    assert (done.status, done.err) == (0, f"warning: {said}\n")
    assert estate.run("schedule", estate.plan(PLAN), "--for", "crontab", "--for", "systemd").err == ""


def test_a_plan_without_a_source_needs_the_key_of_the_chosen_profile(estate: Estate) -> None:
    plan = estate.plan(PLAN.replace('from = "prod"\n', ""))
    workflow = yaml.safe_load(printed(estate, "github", plan=plan))
    assert [step["env"] for step in workflow["jobs"]["backup"]["steps"] if "env" in step] == [KEYS]


def test_the_workflow_keeps_the_archives_as_artifacts(estate: Estate) -> None:
    done = estate.run("schedule", estate.plan(EXPORT), "--for", "github")
    assert done.status == 0
    assert done.err.startswith("warning: github: the archives become artifacts, personal data")
    assert "the plan, photos and facesnap.toml" in done.out.splitlines()[0]
    steps = yaml.safe_load(done.out)["jobs"]["backup"]["steps"]
    [upload] = [step for step in steps if step.get("uses", "").startswith("actions/upload-artifact")]
    assert upload["if"] == "always()"
    assert upload["with"]["path"] == "backups/group-00-*.facesnap\n"


def test_the_pipeline_keeps_the_archives_and_the_journal(estate: Estate) -> None:
    absolute = item("group-01", "file:/srv/{date}/{name}.facesnap", method="export", covered_for="2d")
    done = estate.run("schedule", estate.plan(EXPORT, absolute), "--for", "azure")
    assert done.status == 0
    assert done.err.startswith("warning: azure: the archives become artifacts, personal data")
    steps = yaml.safe_load(done.out)["steps"]
    copied = [step["inputs"] for step in steps if step.get("task") == "CopyFiles@2"]
    assert [(one["sourceFolder"], one["contents"]) for one in copied] == [
        ("backups", "group-00-*.facesnap"),
        ("/srv", "*/group-01.facesnap"),
    ]
    [published] = [step for step in steps if "publish" in step]
    assert published["publish"] == copied[0]["targetFolder"]
    [run] = [step for step in steps if "facesnap run" in step.get("script", "")]
    [cache] = [step for step in steps if step.get("task") == "Cache@2"]
    assert run["env"]["FACESNAP_STATE_DIR"] == cache["inputs"]["path"]


def test_the_cron_job_writes_archives_to_its_volume(estate: Estate) -> None:
    text = printed(estate, "kubernetes", plan=estate.plan(EXPORT))
    assert "under /var/lib/facesnap, lie backups/group-00-*.facesnap, photos too" in text
    [container] = yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    copied = "&& cp /etc/facesnap/nightly.toml /var/lib/facesnap/ && exec facesnap run /var/lib/facesnap/nightly.toml"
    assert copied in container["command"][2]
    assert {"name": "state", "mountPath": "/var/lib/facesnap"} in container["volumeMounts"]


def test_an_absolute_path_needs_a_volume_in_the_cron_job(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "file:/srv/{name}.facesnap", method="export", covered_for="2d"))
    done = estate.run("schedule", plan, "--for", "kubernetes")
    needs = "/srv/group-00.facesnap needs a volume of its own"
    assert (done.status, done.err) == (0, f"warning: kubernetes: {needs}, which the CronJob does not mount yet\n")
    assert f"# {needs}" in done.out
    assert "exec facesnap run /etc/facesnap/nightly.toml" in done.out
