"""`--query`: what is wrong with it is told before anything is sent; what does not fit hides nothing that was done."""

from __future__ import annotations

import json

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TAKE_IT, Program

UNFIT = ("--query", "length(elapsedSeconds)")


def take(program: Program) -> str:
    return program.run(*TAKE_IT, "-q", "-o", "id").out.strip()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("foo(@)", "JMESPath has no function foo()"),
        ("[?lenght(id) > `3`].id", "did you mean length?"),
        ("{a: [id, sort_by(@, &bar(id))]}", "no function bar()"),
        ("length()", "length() takes 1 argument, not 0"),
        ("join(', ')", "join() takes 2 arguments, not 1"),
        ("not_null()", "not_null() takes at least 1 argument, not 0"),
        ("xx[", "Incomplete expression"),
    ],
)
def test_what_can_be_known_beforehand_is_told_before_anything_is_sent(
    program: Program, emulator: RunningEmulator, query: str, said: str
) -> None:
    before = emulator.requests()["total"]
    taken = program.run(*TAKE_IT, "--query", query)
    assert (taken.status, taken.out) == (2, "")
    assert said in taken.err
    assert "\\n" not in taken.err
    assert len(taken.err.splitlines()) == 2
    assert emulator.requests()["total"] == before


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("[?type==PersonGroup]", "write [?type=='PersonGroup'], all of it in double quotes for the shell"),
        ('[?type=="PersonGroup"]', "write [?type=='PersonGroup'], all of it in double quotes for the shell"),
        ("[?contains(type, Person)]", "write [?contains(type, 'Person')], all of it in double quotes"),
        ("[?default==true]", "write [?default==`true`], all of it in single quotes for the shell"),
        ("[?starts_with(id, ae7a41)]", "write [?starts_with(id, 'ae7a41')]"),
        ("[?type='PersonGroup']", "compare with ==, as in [?type=='PersonGroup']"),
        ("[?faces > 100]", "write numbers in backticks, as in [?faces > `100`]"),
        ("[?type==]", "the shell runs what is in backticks"),
        ("[?a=='x' and b=='y']", "write &&, || and ! for and, or and not"),
        ("[?a=='x' & b=='y']", "write && for and"),
        ("[?type in ['a']]", "write contains(type, 'Group')"),
        ("[?type ~ 'x']", "write contains(type, 'Group')"),
        ("$[*].id", "$ is JSONPath's: begin with []"),
        (".[].id", "begin without a dot"),
        ("map(.id)", "begin without a dot"),
        ("[].{id, type}", "name each member, as in [].{id: id, type: type}"),
        ("[].type, id", "write several members as [].[id, type]"),
        ("[?type=='Pers", "close each bracket and each quote"),
        ("[?createdTime > '2026-11']", "for times: starts_with(createdTime, '2026-11')"),
    ],
)
def test_what_users_of_other_languages_write_is_explained(
    program: Program, emulator: RunningEmulator, query: str, said: str
) -> None:
    refused = program.run("list", "--query", query)
    assert (refused.status, refused.out) == (2, "")
    assert len(refused.err.splitlines()) == 2
    assert said in refused.err
    assert emulator.requests()["total"] == 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("[?type==employees]", "nothing here has a member 'employees'; a text is in single quotes: 'employees'"),
        ("[?status==running]", "nothing here has a member 'status'; a text is in single quotes: 'status'"),
        ("[?objectid=='employees']", "nothing here has a member 'objectid'; did you mean objectId?"),
        ("value[].id", "nothing here has a member 'value'; a text is in single quotes: 'value'"),
        ("[].id | length", "nothing here has a member 'length'; the function is length(@)"),
        ("id", "the result is a list: write [].id"),
    ],
)
def test_a_query_that_can_find_nothing_is_doubted(program: Program, snapshot: str, query: str, said: str) -> None:
    listed = program.run("list", "-o", "json", "--query", query, "-q")
    assert listed.status == 0
    assert listed.err == f"warning: --query: {said}\n"


@pytest.mark.parametrize(
    "query",
    [
        "[?type=='FaceList']",
        "[].{Id: objectId} | [?Id=='x']",
        "[?faces]",
        "length([?type=='FaceList'])",
        "[?userData.code=='x']",
        "[0].userData",
    ],
)
def test_a_query_that_finds_nothing_this_time_is_not_doubted(program: Program, query: str) -> None:
    listed = program.run("objects", "-o", "json", "--query", query, "-q")
    assert (listed.status, listed.err) == (0, "")


def test_a_function_that_takes_any_number_of_arguments_may_have_many(program: Program) -> None:
    assert program.run("list", "--query", "[].not_null(objectId, type, id)", "-o", "json").status == 0


@pytest.mark.parametrize("command", [("run", "no-such-plan.toml"), ("config", "show"), ("status",)])
def test_every_command_checks_it_first(program: Program, command: tuple[str, ...]) -> None:
    refused = program.run(*command, "--query", "foo(@)")
    assert (refused.status, refused.out) == (2, "")
    assert "no function foo()" in refused.err


def test_an_operation_that_failed_counts_for_more(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": "It was edited."})
    taken = program.run(*TAKE_IT, "-q", "-o", "json", *UNFIT)
    assert (taken.status, taken.json["status"]) == (3, "failed")
    error = json.loads(taken.err)["error"]
    assert "It was edited." in error["message"]
    assert error["output"].startswith("--query does not fit the result")


def test_one_that_still_runs_is_named_to_be_resumed(program: Program) -> None:
    taken = program.run(*TAKE_IT, "-q", "--timeout", "1s", *UNFIT)
    assert taken.status == 8
    assert "facesnap wait " in taken.err
    assert "--query does not fit the result" in taken.err


def test_the_copy_is_verified_all_the_same(program: Program) -> None:
    snapshot = take(program)
    applied = program.run("apply", snapshot, "-p", "target", "-i", "copy", "--verify", "quick", *UNFIT)
    assert applied.status == 1
    assert "verified: copy is the same as employees" in applied.err


@pytest.mark.parametrize("format", ["id", "tsv"])
def test_no_other_answer_than_the_wanted_one_is_given_to_a_script(program: Program, format: str) -> None:
    taken = program.run(*TAKE_IT, "-q", "-o", format, *UNFIT)
    assert (taken.status, taken.out) == (1, "")
    told, said, again = taken.err.splitlines()
    assert json.loads(told)["status"] == "succeeded"
    assert said.startswith("facesnap: --query does not fit the result: ")
    assert again == f"  to see what was done: facesnap status {json.loads(told)['operationId']}"


def test_a_deletion_that_stopped_half_way_says_so(program: Program, emulator: RunningEmulator) -> None:
    ids = [take(program) for _ in range(2)]
    emulator.faults({"route": f"DELETE /snapshots/{ids[1]}", "status": 403, "message": "Not today."})
    deleted = program.run("delete", *ids, "-y", "-o", "id", "--query", "length([0].id) + 'x'")
    assert deleted.status == 2
    deleted = program.run("delete", *ids, "-y", "-o", "id", "--query", "abs([0].id)")
    assert (deleted.status, deleted.out) == (11, "")
    assert ids[0] in deleted.err
    assert "Not today." in deleted.err
    assert "--query does not fit the result" in deleted.err


def test_a_long_reason_is_cut(program: Program) -> None:
    program.run(*TAKE_IT, "-q", "--user-data", "x" * 16000)
    listed = program.run("list", "-o", "id", "--query", "abs([0].userData)")
    assert (listed.status, listed.out) == (1, "")
    assert len(listed.err.splitlines()[-1]) < 300


@pytest.mark.parametrize("query", ["[0]", "[]", "[?type=='PersonGroup']", "[].{id: id, type: type}", "[].id"])
def test_what_still_has_its_id_prints_it(program: Program, query: str) -> None:
    snapshot = take(program)
    listed = program.run("list", "-o", "id", "--query", query)
    assert (listed.status, listed.out, listed.err) == (0, f"{snapshot}\n", "")


def test_what_has_no_id_is_printed_as_the_query_made_it(program: Program) -> None:
    take(program)
    listed = program.run("list", "-o", "id", "--query", "[].{type: type}")
    assert (listed.status, listed.out, listed.err) == (0, '{"type": "PersonGroup"}\n', "")


def test_a_query_that_does_not_fit_loses_no_result(program: Program, emulator: RunningEmulator) -> None:
    for query in ("length(elapsedSeconds)", "to_number('nan')"):
        taken = program.run(*TAKE_IT, "-o", "json", "-q", "--query", query)
        assert taken.status == 1
        assert taken.json["status"] == "succeeded"
