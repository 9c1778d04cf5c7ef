"""`copy`: one take, several targets, and going on after whatever came between."""

from __future__ import annotations

import json

import pytest

from tests.backups.conftest import Estate
from tests.support.archives import rows

COPY = ("copy", "-t", "PersonGroup", "-i", "group-03", "--from", "prod")
BOTH = (*COPY, "--to", "dr:copy", "--to", "eu:copy")


def test_a_copy_to_two_targets_takes_once_verifies_both_and_leaves_no_snapshot(estate: Estate) -> None:
    done = estate.run(*BOTH, "--verify", "full", "-o", "json", "-q")
    assert (done.status, done.err) == (0, "")
    assert [(one["kind"], one["status"], one["profile"]) for one in done.json] == [
        ("take", "succeeded", "prod"),
        ("apply", "succeeded", "dr"),
        ("apply", "succeeded", "eu"),
    ]
    assert (estate.takes(), estate.applies()) == (1, 2)
    assert estate.groups("dr") == estate.groups("eu") == ["copy"]
    assert estate.run("list", "-o", "json").json == []


def test_a_copy_without_an_id_is_called_as_its_source(estate: Estate) -> None:
    done = estate.run(*COPY, "--to", "dr", "-o", "id", "-q")
    assert (done.status, done.out, done.err) == (0, "group-03\n", "")
    assert estate.groups("dr") == ["group-03"]


def test_a_copy_named_by_date_bears_the_utc_date(estate: Estate) -> None:
    done = estate.run(*COPY, "--to", "dr:g-{date}-{time}-{weekday}", "-o", "id", "-q")
    now = estate.program.clock.now()
    assert done.status == 0
    assert done.out.startswith(f"g-{now:%Y-%m-%d}-")
    assert done.out.strip().endswith(f"{now:%a}".lower())


def test_a_copy_within_the_account_bears_the_sources_name_and_the_date(estate: Estate) -> None:
    done = estate.run(*COPY, "--to", "prod:{name}-{date}", "-q", "-o", "id")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"group-03-{estate.program.clock.now():%Y-%m-%d}\n"
    assert done.out.strip() in estate.groups("prod")


def test_keep_snapshot_leaves_the_snapshot(estate: Estate) -> None:
    done = estate.run(*BOTH, "--keep-snapshot", "-q")
    assert (done.status, done.err) == (0, "")
    assert [one["objectId"] for one in estate.run("list", "-o", "json").json] == ["group-03"]


def test_a_dry_run_tells_the_steps_and_sends_nothing(estate: Estate) -> None:
    told = estate.run(*BOTH, "--dry-run", "-o", "json")
    assert (told.status, told.err) == (0, "")
    assert [(one["action"], one["profile"], one["objectId"]) for one in told.json] == [
        ("take", "prod", "group-03"),
        ("apply", "dr", "copy"),
        ("apply", "eu", "copy"),
        ("delete", "prod", ""),
    ]
    assert {call["method"] for call in estate.emulator.requests()["requests"]} == {"GET"}


def test_a_dry_run_tells_what_an_earlier_attempt_has_done(estate: Estate) -> None:
    estate.make("dr", "copy")
    assert estate.run(*BOTH, "-q").status == 11
    told = estate.run(*BOTH, "--to", "prod:copy", "--dry-run", "-o", "json")
    assert told.status == 11
    assert [(one["action"], one["profile"]) for one in told.json] == [
        ("reuse", "prod"),
        ("conflict", "dr"),
        ("none", "eu"),
        ("apply", "prod"),
        ("delete", "prod"),
    ], "another target changes nothing for the others"
    estate.call("dr", "DELETE", "/persongroups/copy")
    told = estate.run(*BOTH, "--dry-run", "-o", "json")
    assert [(one["action"], one["profile"]) for one in told.json] == [
        ("reuse", "prod"),
        ("apply", "dr"),
        ("none", "eu"),
        ("delete", "prod"),
    ]


def test_a_dry_run_whose_targets_exist_ends_as_the_copy_would(estate: Estate) -> None:
    estate.make("dr", "copy")
    estate.make("eu", "copy")
    told, done = estate.run(*BOTH, "--dry-run", "-o", "json"), estate.run(*BOTH, "-o", "json", "-q")
    assert [one["action"] for one in told.json] == ["conflict", "conflict"]
    assert (told.status, told.err) == (6, done.err)


def test_a_dry_run_tells_that_the_source_is_missing(estate: Estate) -> None:
    ghost = ("copy", "-t", "PersonGroup", "-i", "ghost", "--from", "prod", "--to", "dr:copy", "--to", "eu:copy")
    told = estate.run(*ghost, "--dry-run", "-o", "json")
    assert [(one["action"], one["profile"], one["objectId"], one["why"]) for one in told.json] == [
        ("missing", "prod", "ghost", "there is no such object")
    ]
    assert told.status == estate.run(*ghost, "-q").status == 5
    assert "there is no PersonGroup prod:ghost" in told.err
    estate.make("dr", "copy")
    assert estate.run(*ghost, "--dry-run").status == estate.run(*ghost, "-q").status == 11


def test_a_dry_run_tells_what_is_still_under_way(estate: Estate) -> None:
    assert estate.run(*BOTH, "--timeout", "1").status == 8
    told = estate.run(*BOTH, "--dry-run", "-o", "json")
    assert [one["action"] for one in told.json] == ["wait", "apply", "apply", "delete"]


def test_an_existing_target_is_a_conflict_before_anything_is_paid(estate: Estate) -> None:
    estate.make("dr", "copy")
    done = estate.run(*COPY, "--to", "dr:copy")
    assert done.status == 6
    assert "PersonGroup copy exists in dr already" in done.err
    assert estate.takes() == 0


def test_one_existing_target_does_not_keep_the_copy_from_the_other(estate: Estate) -> None:
    estate.make("dr", "copy")
    done = estate.run(*BOTH)
    assert done.status == 11
    assert "1 of 2 targets did not succeed: PersonGroup copy exists in dr already" in done.err
    assert estate.groups("eu") == ["copy"]


def test_all_targets_that_fail_are_named(estate: Estate) -> None:
    for profile in ("dr", "eu"):
        estate.make(profile, "copy", "other")
    done = estate.run(*BOTH, "--to", "dr:other", "-o", "none", "-q")
    assert done.status == 6
    lines = done.err.splitlines()
    assert lines[0] == "facesnap: 3 of 3 targets did not succeed; the first 2:"
    assert lines[1].startswith("  PersonGroup copy exists in dr already")
    assert lines[2].startswith("  PersonGroup copy exists in eu already")
    assert len(lines) == 4
    as_json = estate.run(*BOTH, "-o", "json", "-q")
    assert [one["exitCode"] for one in json.loads(as_json.err)["error"]["failures"]] == [6, 6]


def test_a_copy_that_failed_at_one_target_goes_on_from_the_same_snapshot(estate: Estate) -> None:
    estate.make("dr", "copy")
    assert estate.run(*BOTH).status == 11
    estate.call("dr", "DELETE", "/persongroups/copy")
    done = estate.run(*BOTH, "-q")
    assert (done.status, done.err) == (0, "")
    assert (estate.takes(), estate.applies()) == (1, 2)
    assert estate.run("list", "-o", "json").json == []


def test_a_finished_copy_is_made_anew_when_it_is_asked_for_again(estate: Estate) -> None:
    dated = (*COPY, "--to", "dr:g-{date}-{time}", "-q")
    assert estate.run(*dated).status == 0
    assert estate.run(*dated).status == 0
    assert (estate.takes(), len(estate.groups("dr"))) == (2, 2)


def test_a_finished_copy_that_is_young_enough_counts(estate: Estate) -> None:
    dated = (*COPY, "--to", "dr:g-{date}-{time}", "-q", "--max-age", "20h")
    first = estate.run(*dated, "-o", "id")
    again = estate.run(*dated, "-o", "id")
    assert (again.status, again.out, again.err) == (0, first.out, "")
    assert (estate.takes(), estate.applies()) == (1, 1)


def test_a_copy_that_somebody_deleted_is_made_again(estate: Estate) -> None:
    young = (*COPY, "--to", "dr:copy", "-q", "--max-age", "20h")
    assert estate.run(*young).status == 0
    estate.call("dr", "DELETE", "/persongroups/copy")
    assert estate.run(*young).status == 0
    assert (estate.takes(), estate.groups("dr")) == (2, ["copy"])


def test_an_unfinished_copy_is_not_gone_on_with_the_next_night(estate: Estate) -> None:
    estate.make("dr", "copy")
    dated = (*COPY, "--to", "dr:copy", "--to", "eu:g-{date}", "-q")
    assert estate.run(*dated).status == 11
    estate.set_day(24 * 3600)
    assert estate.run(*dated).status == 11
    assert (estate.takes(), len(estate.groups("eu"))) == (2, 2)


def test_a_take_under_way_is_waited_for_and_not_paid_again(estate: Estate) -> None:
    started = estate.run("take", "-t", "PersonGroup", "-i", "group-03", "-s", _scope(), "--no-wait")
    assert started.status == 0
    done = estate.run(*COPY, "--to", "dr:copy", "-q")
    assert (done.status, done.err, estate.takes()) == (0, "", 1)
    kept = estate.run("list", "-o", "json").json
    assert len(kept) == 1, "a snapshot that the copy did not take is not its to delete"


def test_a_snapshot_whose_scope_lacks_a_target_gets_it(estate: Estate) -> None:
    elsewhere = "dddddddd-0000-4000-8000-000000000001"
    assert estate.run("take", "-t", "PersonGroup", "-i", "group-03", "-s", elsewhere, "--no-wait").status == 0
    done = estate.run(*COPY, "--to", "dr:copy", "-q")
    assert (done.status, done.err, estate.groups("dr")) == (0, "", ["copy"])


def test_a_lost_answer_to_the_take_is_settled_within_the_copy(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots", "drop": "after", "count": 1})
    done = estate.run(*BOTH, "-q")
    assert (done.status, estate.groups("dr"), estate.groups("eu")) == (0, ["copy"], ["copy"])
    assert estate.takes() == 1


def test_a_lost_answer_to_an_apply_is_settled_within_the_copy(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots/*/apply", "drop": "after", "count": 1})
    done = estate.run(*BOTH, "-q")
    assert (done.status, estate.groups("dr"), estate.groups("eu")) == (0, ["copy"], ["copy"])
    assert estate.applies() == 2


def test_a_take_that_never_arrived_stays_unknown_and_is_not_sent_again(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    for _ in range(2):
        done = estate.run(*BOTH, "-q")
        assert done.status == 10
        assert "not known whether the service started it" in done.err
        again = "to go on, run the same command again: what is done is not done twice"
        assert done.err.splitlines()[-1] == f"  12 h after its start it no longer blocks a new one; {again}"
    assert estate.takes() == 1


def test_a_take_that_never_arrived_is_taken_again_once_that_is_certain(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert estate.run(*BOTH, "-q").status == 10
    estate.set_day(13 * 3600)
    assert estate.run(*BOTH, "-q").status == 0
    assert (estate.takes(), estate.applies()) == (2, 2)


def test_an_apply_that_never_arrived_is_sent_again_once_that_is_certain(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots/*/apply", "drop": "before", "count": 1})
    assert estate.run(*BOTH, "-q").status == 11
    estate.set_day(3 * 3600)
    assert estate.run(*BOTH, "-q").status == 0
    assert (estate.takes(), estate.applies()) == (1, 3)


def test_a_failed_take_is_taken_again_by_the_next_copy(estate: Estate) -> None:
    estate.emulator.faults({"route": "POST /snapshots", "fail": "the source changed", "count": 1})
    failed = estate.run(*BOTH)
    assert failed.status == 3
    assert "the source changed" in failed.err
    assert estate.run(*BOTH, "-q").status == 0
    assert estate.takes() == 2


def test_a_copy_that_differs_is_status_14_and_keeps_the_snapshot(estate: Estate) -> None:
    taken = estate.run("take", "-t", "PersonGroup", "-i", "group-03", "-s", _scope(), "-q")
    assert taken.status == 0
    estate.call("prod", "POST", "/persongroups/group-03/persons", {"name": "Newcomer"})
    done = estate.run(*COPY, "--to", "dr:copy", "--max-age", "1h")
    assert done.status == 14
    assert "PersonGroup dr:copy differs from its source prod:group-03: persons 7 became 6" in done.err
    assert len(estate.run("list", "-o", "json").json) == 1


def test_verify_none_compares_nothing(estate: Estate) -> None:
    assert estate.run("take", "-t", "PersonGroup", "-i", "group-03", "-s", _scope(), "-q").status == 0
    estate.call("prod", "POST", "/persongroups/group-03/persons", {"name": "Newcomer"})
    done = estate.run(*COPY, "--to", "dr:copy", "--max-age", "1h", "--verify", "none", "-q")
    assert (done.status, done.err) == (0, "")


def test_a_copy_that_takes_too_long_says_so_and_goes_on_when_run_again(estate: Estate) -> None:
    late = estate.run(*BOTH, "--timeout", "1")
    assert late.status == 8
    assert "still runs" in late.err
    assert late.err.splitlines()[-1] == "  to go on, run the same command again: what is done is not done twice"
    assert "facesnap wait" not in late.err
    assert estate.run(*BOTH, "-q").status == 0
    assert (estate.takes(), estate.applies()) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("copy", "-t", "PersonGroup"), "copy needs the object"),
        (("copy", "-i", "group-03", "--to", "dr"), "copy needs the type"),
        (COPY, "a target (--to PROFILE[:OBJECT_ID])"),
        ((*COPY, "--to", "nowhere"), "facesnap: there is no profile 'nowhere'"),
        ((*COPY, "--from", "nowhere", "--to", "dr"), "facesnap: there is no profile 'nowhere'"),
        ((*COPY, "--to", "dr:"), "is not a target"),
        ((*COPY, "--to", "dr:a-{day}"), "{day} in 'a-{day}' stands for nothing"),
        ((*COPY, "--to", "dr:a-{date"), "has a brace without its fellow"),
        ((*COPY, "--to", "dr:A"), "is not an object id of a target"),
        ((*COPY, "--to", "dr", "--to", "dr"), "dr:group-03 is a target twice"),
        ((*COPY, "--to", "prod"), "prod:group-03 is the source"),
        ((*COPY, "--to", "dr", "--verify", "some"), "one of none, quick, full"),
    ],
)
def test_what_cannot_go_well_is_a_usage_error_before_the_first_request(
    estate: Estate, arguments: tuple[str, ...], said: str
) -> None:
    refused = estate.run(*arguments)
    assert (refused.status, refused.out) == (2, "")
    assert said in refused.err
    assert estate.emulator.requests()["requests"] == []


def _scope() -> str:
    from tests.backups.conftest import subscription

    return f"{subscription('dr')},{subscription('eu')}"


def test_all_requests_of_a_copy_count_for_the_shared_rates_of_its_accounts(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    estate.program.write_config(config.read_text().replace('"none"', '"10/s"'))
    before = len(estate.emulator.requests()["requests"])
    assert estate.run(*BOTH, "-q").status == 0
    sent = rows(estate.program.directory / "state" / "rates.db", "SELECT sent FROM rates")
    assert len(sent) == 3
    assert sum(count for (count,) in sent) == len(estate.emulator.requests()["requests"]) - before
