"""Plans: everything that is wrong is said with its line, before the first request."""

from __future__ import annotations

import json

import pytest

from tests.backups.conftest import Estate, item

GOOD = item("group-00", "dr:group-00-{date}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: a plan needs at least one [[backup]]"),
        ("jobs = 4", ":1: a plan needs at least one [[backup]]"),
        (f'jobs = "4"\n[[backup]]\n{GOOD}', ":1: jobs: must be a whole number from 1 to 64"),
        (f"[[backup]]\n{GOOD}\njbos = 4", ":7: item group-00: unknown key 'jbos'; there are name"),
        (f"[[backup]]\n{GOOD}\ntargets = 4", ":7: item group-00: unknown key 'targets'; did you mean to?"),
        (f"jbos = 4\n[[backup]]\n{GOOD}", ":1: unknown key 'jbos'; did you mean jobs?"),
        (f"[[backup]]\n{GOOD}\n[[backup]]\n{GOOD}", ":8: the name group-00 is in line 2 already"),
        (
            f"[[backup]]\n{GOOD}\n\n[[backup]]\n{item('b', 'dr:group-00-{date}')}",
            ":13: b and group-00 could make the same copy in dr: dr:group-00-{date} here, dr:group-00-{date} in line 6",
        ),
        (
            f"[[backup]]\n{GOOD}\n[[backup]]\n{item('b', 'eu', object_id='group-00')}",
            ":11: group-00 backs group-00 up already: give that one all the targets",
        ),
        ('[[backup]]\nname = "a"\ntype = "PersonGroup"\nobject_id = "a"', ":1: item a: this [[backup]] has no to"),
        (f"[[backup]]\n{item('a', 'dr')}\nkeep = {{ last = 1 }}", ":7: item a: keep needs {date} in every target's id"),
        (f"[[backup]]\n{item('a', 'dr:a-{date}', keep={'last': 0})}", ":7: item a: keep: last must be a whole number"),
        (f"[[backup]]\n{item('a', 'dr:a-{date}', keep={'yearly': 1})}", ":7: item a: keep: unknown key 'yearly'"),
        (
            f"[[backup]]\n{item('a', 'dr:a-{date}')}\n[backup.keep]\nlast = -1",
            ":7: item a: keep: last must be a whole number",
        ),
        (
            f"[[backup]]\n{item('a', 'dr:a-{date}', verify='none', keep={'last': 1})}",
            ":8: item a: keep deletes older copies only once the new one is verified",
        ),
        (f"[[backup]]\n{item('a', 'dr:a-{date}', verify='some')}", ":7: item a: verify: 'some' is not one of"),
        (f"[[backup]]\n{item('a', 'dr:a-{date}', max_age='soon')}", ":7: item a: max_age: 'soon' is not a duration"),
        (
            f"[[backup]]\n{item('a', 'dr:a-{date}', method='copy')}",
            ":7: item a: method: 'copy' is neither snapshot nor export",
        ),
        (f"[[backup]]\n{item('a', 'file:a')}", ':6: item a: method = "snapshot" needs targets of the form PROFILE'),
        (
            f"[[backup]]\n{item('a', 'dr:a', method='export')}",
            ':6: item a: method = "export" needs targets of the form file',
        ),
        (f"[[backup]]\n{item('a', 'dr:{day}')}", ":6: item a: to: {day} in '{day}' stands for nothing"),
        (f"[[backup]]\n{item('a', 'dr:A')}", ":6: item a: to: 'A' is not an object id of a target"),
        (f"[[backup]]\n{item('a', 'dr', type='Group')}", ":4: item a: type: 'Group' is not an object type"),
        (f"[[backup]]\n{item('A', 'dr')}", ":2: name: 'A' is not an item name"),
        (f"[[backup]]\n{item('a')}", ":6: item a: to: must be a list of targets"),
        (f'[[backup]]\n{GOOD}\n[notify]\nping = "http://example.com/x"', ":8: ping: must be https, except to this"),
        (f"[[backup]]\n{GOOD}\n[notify]\nmetric = 1", ":8: unknown key 'metric' in [notify]; did you mean metrics?"),
        (f"[[backup]]\n{GOOD}\nname = 1", ":7: "),
        ("[[backup]\n", ":1: "),
        ("name = \xff", ":1: not UTF-8"),
        (f"[[backup]]\n{item('a', 'nowhere')}", ":6: item a: there is no profile 'nowhere'"),
        (f"[[backup]]\n{item('a', 'dr', **{'from': 'nowhere'})}", ":3: item a: there is no profile 'nowhere'"),
        (f"[[backup]]\n{item('a', 'prod:a')}", ":6: item a: prod:a is the source"),
    ],
)
def test_a_wrong_plan_is_status_13_and_names_the_line(estate: Estate, text: str, said: str) -> None:
    path = estate.program.directory / "wrong.toml"
    path.write_bytes(text.encode("latin-1"))
    refused = estate.run("run", str(path))
    assert (refused.status, refused.out) == (13, "")
    assert f"{path}{said}" in refused.err
    assert estate.emulator.requests()["requests"] == []


def test_a_plan_is_not_what_its_run_writes(estate: Estate) -> None:
    plan = estate.plan(GOOD, tail='[notify]\nmetrics = "./nightly.toml"')
    refused = estate.run("run", plan)
    assert (refused.status, refused.out) == (13, "")
    assert f"{plan}:9: metrics: it is the plan, which this run reads" in refused.err
    plan = estate.plan(GOOD)
    refused = estate.run("run", plan, "--summary", plan)
    assert (refused.status, refused.out) == (2, "")
    assert "it is the plan, which this run reads" in refused.err


def test_all_that_is_wrong_is_said_at_once(estate: Estate) -> None:
    plan = estate.plan(item("a", "dr:a-{date}", verify="some", max_age="soon", method="x"))
    refused = estate.run("run", plan, "-o", "json")
    assert refused.status == 13
    assert [line.partition(" is")[0] for line in json.loads(refused.err)["error"]["complaints"]] == [
        f"{plan}:8: item a: verify: 'some'",
        f"{plan}:9: item a: max_age: 'soon'",
        f"{plan}:10: item a: method: 'x'",
    ]


def test_each_mistake_has_a_line_of_its_own(estate: Estate) -> None:
    wrong = item("a", "dr:a-{date}", verify="some", max_age="soon", method="x", max="1", keep=3)
    plan = estate.plan(wrong, head="job=1")
    refused = estate.run("run", plan)
    assert (refused.status, refused.out) == (13, "")
    lines = [line.removeprefix("facesnap:").strip() for line in refused.err.splitlines()]
    assert all(line.startswith(f"{plan}:") for line in lines)
    numbers = [line.removeprefix(f"{plan}:").partition(":")[0] for line in lines]
    assert numbers == ["1", "8", "9", "10", "11", "12"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"images": "photos"}, ':8: item a: images is for method = "export"'),
        ({"require_images": True}, ':8: item a: require_images is for method = "export"'),
        ({"require_images": "yes", "method": "export"}, ":8: item a: require_images: must be true or false"),
        ({"images": "photos/{date}", "method": "export"}, ":8: item a: images: only {name} stands for something in it"),
        ({"images": "", "method": "export"}, ":8: item a: images: must be a text that is not empty"),
        (
            {"face_user_data": False},
            ':8: item a: face_user_data is for method = "export": a snapshot has all user data',
        ),
        ({"refresh_user_data": True}, ':8: item a: refresh_user_data is for method = "export"'),
        ({"face_user_data": 0, "method": "export"}, ":8: item a: face_user_data: must be true or false"),
        (
            {"face_user_data": False, "refresh_user_data": True, "method": "export"},
            ":9: item a: refresh_user_data reads what face_user_data = false leaves out",
        ),
    ],
)
def test_what_is_wrong_about_an_export_names_the_line(estate: Estate, values: dict[str, object], said: str) -> None:
    target = "file:{name}.facesnap" if "method" in values else "dr"
    plan = estate.plan(item("a", target, **values))
    refused = estate.run("run", plan)
    assert (refused.status, refused.out) == (13, "")
    assert f"{plan}{said}" in refused.err


def test_a_plan_that_is_not_there_is_status_13(estate: Estate) -> None:
    refused = estate.run("run", "nowhere.toml")
    assert (refused.status, refused.out) == (13, "")
    assert "the plan nowhere.toml cannot be read: No such file" in refused.err


def test_a_missing_object_names_the_keys_of_its_item_and_no_options(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "dr"), item("ghost", "dr:g-{date}"))
    hint = f"  {plan}:8: check type, object_id and from; facesnap objects --profile prod lists the account's objects\n"
    assert hint in estate.run("run", plan, "--dry-run").err
    assert hint in estate.run("run", plan).err


def test_an_export_of_a_plan_is_gone_on_with_by_the_plan(estate: Estate) -> None:
    plan = estate.plan(item("group-00", "file:{name}.facesnap", method="export"))
    estate.emulator.faults({"route": "GET /persongroups/*/persons", "status": 503, "skip": 2})
    failed = estate.run("run", plan, "--max-retries", "0", "-q")
    assert failed.status == 9
    assert failed.err.splitlines()[-1].endswith(f"to go on: facesnap run {plan}")


def test_a_profile_that_is_not_chosen_is_named_by_the_key_of_its_item(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    config.write_text(config.read_text().replace('default_profile = "prod"', ""))
    plan = estate.plan(item("group-00", "dr").replace('from = "prod"\n', ""))
    refused = estate.run("run", plan)
    assert refused.status == 13
    assert (
        "item group-00: no profile is chosen, and there are several\n  from NAME, or facesnap config use" in refused.err
    )
