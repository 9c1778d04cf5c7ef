"""`run`: many copies from one file, their retention, and what is said of it all."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from facesnap_cli.backups.plans.run_results import ItemResult
from facesnap_cli.backups.plans.snapshot_method import SnapshotMethod
from facesnap_cli.operations.wait import OperationProgress
from tests.backups.conftest import Estate, item
from tests.support.waiting import PATIENCE_S, until

DAY_S = 24 * 3600


def day(estate: Estate, number: int = 0) -> str:
    """Return the date so many days from now."""
    return f"{estate.program.clock.now() + timedelta(days=number):%Y-%m-%d}"


def run_nights(estate: Estate, plan: str, count: int) -> list[str]:
    """Run a plan for the group group-00 on so many nights before today, and return the copies, the newest first."""
    for _ in range(count):
        assert estate.run("run", plan, "-q").status == 0
        estate.set_day(DAY_S)
    return [f"group-00-{day(estate, -number)}" for number in range(1, count + 1)]


def test_two_items_are_copied_and_said_to_be(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}"), item("group-01", "eu:{name}-{date}"))
    done = estate.run("run", plan, "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    assert [(one["item"], one["status"], one["profile"], one["objectId"]) for one in done.json] == [
        ("group-00", "copied", "dr", f"group-00-{day(estate)}"),
        ("group-01", "copied", "eu", f"group-01-{day(estate)}"),
    ]
    assert (estate.takes(), estate.applies()) == (2, 2)


def test_snapshots_and_exports_go_together_in_a_plan(estate: Estate) -> None:
    export = item("group-01", "file:backups/{name}-{date}.facesnap", method="export", require_images=False)
    plan = estate.plan(item("group-00", "dr:{name}-{date}"), export, tail='[notify]\nmetrics = "facesnap.prom"')
    done = estate.run("run", plan, "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    archive = estate.program.directory / "backups" / f"group-01-{day(estate)}.facesnap"
    assert [(one["method"], one["status"], one["objectId"]) for one in done.json] == [
        ("snapshot", "copied", f"group-00-{day(estate)}"),
        ("export", "copied", str(archive)),
    ]
    assert archive.stat().st_mode & 0o777 == 0o600
    assert estate.run("backups", plan, "--check", "-q").status == 0
    assert estate.takes() == 1
    metrics = (estate.program.directory / "facesnap.prom").read_text()
    assert 'item="group-01",target="file:backups/{name}-{date}.facesnap"} 1\n' in metrics


def test_a_success_with_quiet_says_nothing(estate: Estate) -> None:
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}")), "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_a_run_elsewhere_than_at_a_terminal_says_each_change_in_a_line(estate: Estate) -> None:
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}")))
    assert done.status == 0
    assert "group-00: take succeeded" in done.err
    assert f"group-00: apply to dr:group-00-{day(estate)} succeeded" in done.err
    assert f"group-00: copied to dr:group-00-{day(estate)}\n" in done.err
    assert done.out.splitlines()[0].split()[:2] == ["ITEM", "STATUS"]


def test_a_run_within_max_age_copies_nothing_again(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}"))
    assert estate.run("run", plan, "-q").status == 0
    estate.set_day(19 * 3600)
    again = estate.run("run", plan, "-o", "json", "-q")
    assert (again.status, again.json[0]["status"]) == (0, "current")
    estate.set_day(5 * 3600)
    later = estate.run("run", plan, "-o", "json", "-q")
    assert (later.status, later.json[0]["status"]) == (0, "copied")


def test_a_dry_run_shows_what_would_be_taken_applied_and_deleted(estate: Estate) -> None:
    old = run_nights(estate, estate.plan(item("group-00", "dr:{name}-{date}")), 3)
    estate.make("dr", "group-00-other")
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 2}))
    told = estate.run("run", plan, "--dry-run", "-o", "json")
    assert (told.status, told.err) == (0, "")
    assert [(one["action"], one["profile"], one["objectId"]) for one in told.json] == [
        ("take", "prod", "group-00"),
        ("apply", "dr", f"group-00-{day(estate)}"),
        ("delete", "prod", ""),
        ("delete", "dr", old[2]),
        ("delete", "dr", old[1]),
    ]
    assert sorted(estate.groups("dr")) == sorted([*old, "group-00-other"])
    assert estate.takes() == 3


def test_a_dry_run_ends_as_the_run_would(estate: Estate) -> None:
    old = f"ghost-{day(estate, -1)}"
    estate.make("dr", old)
    missing = item("ghost", "dr:{name}-{date}", keep={"last": 1})
    export = item("none", "file:{name}.facesnap", method="export", require_images=False)
    plan = estate.plan(missing, export)
    told, done = estate.run("run", plan, "--dry-run", "-o", "json"), estate.run("run", plan, "-q")
    assert [(one["item"], one["action"], one["objectId"]) for one in told.json] == [
        ("ghost", "missing", "ghost"),
        ("none", "missing", "none"),
    ]
    assert told.status == done.status == 5
    assert "there is no PersonGroup prod:ghost" in told.err
    mixed = estate.plan(missing, item("group-00", "dr:{name}-{date}"))
    assert estate.run("run", mixed, "--dry-run").status == estate.run("run", mixed, "-q").status == 11


def test_older_copies_go_and_strangers_stay(estate: Estate) -> None:
    old = run_nights(estate, estate.plan(item("group-00", "dr:{name}-{date}")), 3)
    strangers = ["group-00", "group-00-2026-13-01", "group-00-old", f"group-01-{day(estate, -3)}", f"x{old[0]}"]
    estate.make("dr", *strangers)
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 2})), "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    assert done.json[0]["deleted"] == [old[2], old[1]]
    assert sorted(estate.groups("dr")) == sorted([f"group-00-{day(estate)}", old[0], *strangers])


def test_what_only_has_the_name_of_a_copy_is_neither_counted_nor_deleted_and_that_is_said(estate: Estate) -> None:
    old = run_nights(estate, estate.plan(item("group-00", "dr:{name}-{date}")), 2)
    unknown = [f"group-00-{day(estate, number)}" for number in (-9, 1)]
    estate.make("dr", *unknown)
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 2})), "-o", "json", "-q")
    assert (done.status, done.json[0]["deleted"]) == (0, [old[1]])
    assert sorted(estate.groups("dr")) == sorted([f"group-00-{day(estate)}", old[0], *unknown])
    assert all(name in done.err for name in unknown)
    assert "neither counted nor deleted" in done.err


def test_a_copy_that_was_not_verified_displaces_no_good_one(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 2}))
    [good] = run_nights(estate, plan, 1)
    estate.emulator.faults({"route": "GET /persongroups/*/persons", "account": "dr", "status": 403, "code": "No"})
    assert estate.run("run", plan).status == 4
    estate.emulator.faults()
    estate.set_day(DAY_S)
    done = estate.run("run", plan, "-o", "json", "-q")
    assert (done.status, done.json[0]["deleted"]) == (0, [])
    assert {good, f"group-00-{day(estate)}"} <= set(estate.groups("dr"))
    estate.set_day(DAY_S)
    assert estate.run("run", plan, "-o", "json", "-q").json[0]["deleted"][0] == good


def test_a_copy_of_another_object_is_not_deleted_although_the_name_is_the_templates(estate: Estate) -> None:
    foreign = run_nights(estate, estate.plan(item("other", "dr:group-00-{date}", object_id="group-01")), 2)
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1})), "-o", "json", "-q")
    assert (done.status, done.err, done.json[0]["deleted"]) == (0, "", [])
    assert set(foreign) <= set(estate.groups("dr"))


def test_the_copies_of_before_there_were_records_outlive_the_journals_operations(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 9}))
    [old] = run_nights(estate, plan, 1)
    with contextlib.closing(sqlite3.connect(estate.program.directory / "state" / "journal.db")) as journal, journal:
        journal.execute("DELETE FROM backups")
    assert estate.run("run", plan, "-q").status == 0
    estate.set_day(100 * DAY_S)
    assert estate.run("run", plan, "-q").status == 0
    last = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1}))
    estate.set_day(DAY_S)
    done = estate.run("run", last, "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    assert old in done.json[0]["deleted"]


def test_forty_nights_leave_what_is_to_be_kept(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1, "daily": 3, "monthly": 2}))
    for _ in range(40):
        assert estate.run("run", plan, "-q").status == 0
        estate.set_day(DAY_S)
    copies = sorted(estate.groups("dr"))
    assert copies[-3:] == [f"group-00-{day(estate, -number)}" for number in (3, 2, 1)]
    months = {name[len("group-00-") :][:7] for name in copies}
    assert len(months) == 2
    assert len(copies) in (3, 4)
    assert estate.takes() == estate.applies() == 40


def test_nothing_is_deleted_where_the_new_copy_differs(estate: Estate) -> None:
    old = run_nights(estate, estate.plan(item("group-00", "dr:{name}-{date}")), 2)
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1}))
    scope = "bbbbbbbb-0000-4000-8000-000000000001"
    assert estate.run("take", "-t", "PersonGroup", "-i", "group-00", "-s", scope, "-q").status == 0
    estate.call("prod", "POST", "/persongroups/group-00/persons", {"name": "Newcomer"})
    done = estate.run("run", plan)
    assert done.status == 14
    assert set(old) <= set(estate.groups("dr"))


def test_nothing_is_deleted_where_the_copy_could_not_be_made(estate: Estate) -> None:
    old = run_nights(estate, estate.plan(item("group-00", "dr:{name}-{date}")), 2)
    estate.emulator.faults({"route": "POST /snapshots/*/apply", "fail": "no", "count": 1})
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1})))
    assert done.status == 3
    assert sorted(estate.groups("dr")) == sorted(old)


def test_a_source_that_a_template_could_have_named_is_never_deleted(estate: Estate) -> None:
    source = f"g-{day(estate, -9)}"
    estate.make("prod", source)
    first = item("a", "prod:g-{date}", keep={"last": 1}, object_id="group-00")
    second = item("b", "dr:b-{date}", object_id=source)
    assert estate.run("run", estate.plan(first, second), "-q").status == 0
    assert {source, f"g-{day(estate)}"} <= set(estate.groups("prod"))


def test_an_older_copy_that_cannot_be_deleted_fails_the_item_and_says_that_the_copy_is_good(estate: Estate) -> None:
    run_nights(estate, estate.plan(item("group-00", "dr:{name}-{date}")), 1)
    estate.emulator.faults({"route": "DELETE /persongroups/*", "status": 403, "code": "Forbidden"})
    done = estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1})))
    assert done.status == 4
    assert "copied and verified, but an older copy could not be deleted" in done.err


def test_items_that_fail_alike_give_their_status_and_others_eleven(estate: Estate) -> None:
    missing = [item(name, "dr:{name}-{date}") for name in ("ghost-1", "ghost-2")]
    alike = estate.run("run", estate.plan(*missing))
    assert alike.status == 5
    mixed = estate.run("run", estate.plan(*missing, item("group-00", "dr:{name}-{date}")), "-o", "json")
    assert mixed.status == 11
    assert "2 of 3 items did not succeed" in mixed.err
    assert [one["exitCode"] for one in mixed.json] == [5, 5, 0]


def test_a_run_whose_time_was_up_says_to_run_it_again(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    config.write_text(config.read_text().replace("[profiles.prod]", '[profiles.prod]\ntimeout = "1s"'))
    plan = estate.plan(*(item(name, "dr:{name}-{date}") for name in ("group-00", "group-01")))
    late = estate.run("run", plan, "-q")
    assert late.status == 8
    assert late.err == (
        "facesnap: 2 of 2 items still run; they go on in the service\n"
        "  to go on, run the same command again: what is done is not done twice\n"
    )
    config.write_text(config.read_text().replace('timeout = "1s"', ""))
    assert estate.run("run", plan, "-q").status == 0
    assert estate.takes() == 2


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "said"),
    [
        (401, "Unauthorized", 4, "the service refuses the key of profile prod (401)"),
        (403, "QuotaExceeded", 7, "the quota of profile prod is used up (403)"),
        (403, "UnsupportedFeature", 12, "has no snapshots: Microsoft retired Face snapshots on 30 June 2023"),
    ],
)
def test_what_the_service_refuses_to_all_is_the_runs_exit_status(
    estate: Estate, status: int, code: str, exit_code: int, said: str
) -> None:
    estate.emulator.faults({"route": "POST /snapshots", "status": status, "code": code})
    done = estate.run("run", estate.plan(*(item(name, "dr:{name}-{date}") for name in ("group-00", "group-01"))))
    assert done.status == exit_code
    total, message = done.err.splitlines()[2:4]
    assert total.startswith("2 failed in ")
    assert message.startswith("facesnap: 2 of 2 items did not succeed: group-00, group-01: ")
    assert message.endswith(said)


def test_a_bug_that_meets_one_item_leaves_the_others_their_night(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = estate.plan(*(item(name, "dr:{name}-{date}") for name in ("group-00", "group-01")))
    copy = SnapshotMethod.run

    def broken(method: SnapshotMethod, progress: OperationProgress) -> ItemResult:
        if method.item.name == "group-00":
            raise ZeroDivisionError
        return copy(method, progress)

    monkeypatch.setattr(SnapshotMethod, "run", broken)
    done = estate.run("run", plan, "-o", "json")
    assert done.status == 11
    assert "a bug in facesnap: ZeroDivisionError" in done.err
    assert [one["status"] for one in done.json] == ["failed", "copied"]


def test_what_the_quota_will_not_bear_is_said_before_the_first_request(estate: Estate) -> None:
    many = [item(f"ghost-{number}", "dr:{name}-{date}") for number in range(101)]
    done = estate.run("run", estate.plan(*many))
    assert done.status == 5
    first = done.err.splitlines()[0]
    assert first.startswith("warning: profile prod: this run needs 101; 0 takes in 24 h are known here")
    assert "may refuse the last of them" in first


def test_a_second_run_of_the_same_plan_is_a_conflict_and_does_nothing(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}"))
    process = estate.program.start("run", plan)
    until(lambda: estate.takes() == 1, "the take")
    second = estate.run("run", plan)
    assert (second.status, second.out) == (6, "")
    assert "another run of" in second.err
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, estate.takes()) == (0, 1), err
    assert "copied" in out


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_ends_at_once_and_the_next_one_goes_on(estate: Estate, number: int, status: int) -> None:
    names = ("group-00", "group-01", "group-02")
    plan = estate.plan(*(item(name, "dr:{name}-{date}") for name in names), head="jobs = 2")
    process = estate.program.start("run", plan)
    until(lambda: estate.polls() >= 2, "two waits")
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == status
    assert "to resume, run the same command again" in err
    assert estate.run("run", plan, "-q").status == 0
    assert (estate.takes(), estate.applies()) == (3, 3)


def test_the_summary_is_markdown_and_goes_to_githubs_job_summary_too(estate: Estate, tmp_path: Path) -> None:
    step = tmp_path / "step.md"
    step.write_text("before\n")
    estate.make("dr", f"group-01-{day(estate)}")
    plan = estate.plan(*(item(name, "dr:{name}-{date}") for name in ("group-00", "group-01")))
    done = estate.run("run", plan, "--summary", str(tmp_path / "s.md"), GITHUB_STEP_SUMMARY=str(step))
    assert done.status == 11
    lines = (tmp_path / "s.md").read_text().splitlines()
    assert lines[0] == "## facesnap run nightly: failed"
    assert "1 of 2 items failed; exit status 11." in lines[2]
    assert lines[4] == "| Item | Status | Target | Deleted | Time | Message |"
    assert lines[6].startswith(f"| group-00 | copied | dr:group-00-{day(estate)} |  | ")
    assert lines[7].startswith(f"| group-01 | failed | dr:group-01-{day(estate)} |  | ")
    assert step.read_text() == "before\n" + (tmp_path / "s.md").read_text()


def test_a_job_summary_that_cannot_be_written_is_only_a_warning(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}"))
    done = estate.run("run", plan, "-q", GITHUB_STEP_SUMMARY="/nowhere/x.md")
    assert done.status == 0
    assert done.err.startswith("warning: the job summary /nowhere/x.md could not be written")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_summary_that_cannot_be_written_is_1_after_the_result(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}"))
    done = estate.run("run", plan, "--summary", "/dev/full", "-q", "-o", "json")
    assert done.status == 1
    assert "the summary /dev/full could not be written: No space left on device" in done.err
    assert [document["status"] for document in done.json] == ["copied"]


def test_summaries_are_appended(estate: Estate, tmp_path: Path) -> None:
    plan, summary = estate.plan(item("group-00", "dr:{name}-{date}")), tmp_path / "s.md"
    for _ in range(2):
        assert estate.run("run", plan, "--summary", str(summary), "-q").status == 0
    assert summary.read_text().count("## facesnap run nightly: succeeded") == 2


def test_an_object_that_the_plan_backs_up_is_kept_whichever_profile_leads_to_it(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    second = config.read_text().partition("[profiles.prod]\n")[2].partition("[profiles.")[0]
    config.write_text(f"{config.read_text()}[profiles.archive]\n{second}")
    estate.make("prod", "emp-2024-01-01", "source")
    plan = estate.plan(
        item("emp-2024-01-01", "dr:{name}-{date}"), item("source", "archive:emp-{date}", keep={"last": 1})
    )
    ran = estate.run("run", plan, "-o", "json", "-q")
    assert (ran.status, [one["deleted"] for one in ran.json]) == (0, [[], []])
    assert "emp-2024-01-01" in estate.groups("prod")


def test_a_copy_is_deleted_although_an_object_of_another_account_has_its_id(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1}))
    assert estate.run("run", plan, "-q").status == 0
    old = f"group-00-{day(estate)}"
    estate.make("prod", old)
    estate.set_day(DAY_S)
    plan = estate.plan(item("group-00", "dr:{name}-{date}", keep={"last": 1}), item(old, "eu:{name}-{date}"))
    ran = estate.run("run", plan, "-o", "json", "-q")
    assert (ran.status, [one["deleted"] for one in ran.json]) == (0, [[old], []])
    assert old in estate.groups("prod")


def test_a_copy_made_while_the_clock_was_wrong_does_not_stop_the_next_ones(estate: Estate) -> None:
    estate.make("prod", "source")
    plan = estate.plan(item("source", "dr:source-{date}"))
    estate.program.clock.shift(3 * 86400)
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    estate.program.clock.shift(-3 * 86400)
    for wait_s, status in ((0, "current"), (21 * 3600, "copied")):  # its true age counts, as for --check
        estate.set_day(wait_s)
        again = estate.run("run", plan, "-o", "json", "-q")
        assert (again.status, again.json[0]["status"]) == (0, status)
    assert len(estate.groups("dr")) == 2
