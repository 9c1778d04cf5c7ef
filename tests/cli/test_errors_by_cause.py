"""Items of a batch that fail for one cause share one message, with the profile and the command that mends it."""

from __future__ import annotations

import json

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import TARGET_KEYS, TARGET_SUBSCRIPTION, Program, take_employees
from tests.support.service import call

COPY = ("copy", "-t", "PersonGroup", "-i", "employees", "--to", "target:a", "--to", "target:b", "--to", "target:c")
LONG = "Access denied due to invalid subscription key or wrong API endpoint. " * 3
PLAN = "".join(
    f'[[backup]]\nname = "{name}"\nfrom = "source"\ntype = "{kind}"\nobject_id = "{name}"\nto = ["target:x-{{name}}"]\n'
    for name, kind in (("employees", "PersonGroup"), ("visitors", "LargePersonGroup"), ("watchlist", "FaceList"))
)
REFUSED = "the service refuses the key of profile {profile} (401)"
CAUSES = [
    ({"status": 401, "message": LONG}, REFUSED, "facesnap config set key --profile {profile}"),
    ({"status": 403, "code": "Forbidden", "message": "no"}, "profile {profile}: 403 Forbidden: no", "firewall"),
    ({"status": 403, "code": "QuotaExceeded"}, "the quota of profile {profile} is used up (403)", "another account"),
    ({"status": 429, "message": "slow"}, "the rate limit of profile {profile} is used up (429)", "rate_limit"),
    (
        {"status": 503, "message": "down"},
        "profile {profile}: 503 ServiceUnavailable: down",
        "it is safe to run this again",
    ),
    ({"status": 302, "message": "x"}, "profile {profile}: 302 Found: x", "fix the endpoint"),
    ({"drop": "before"}, "no answer from 127.0.0.1", ""),
]


@pytest.fixture
def plan(program: Program) -> str:
    path = program.directory / "plan.toml"
    path.write_text(PLAN)
    return str(path)


def check(err: str, profile: str, cause: str, mending: str) -> None:
    """Check the message at the end: four lines at most, the cause once, and what to do about it."""
    lines = err[err.rindex("facesnap: ") :].splitlines()
    assert len(lines) <= 4
    assert lines[0].startswith("facesnap: ")
    shown = "\n".join(lines)
    assert shown.count(cause.format(profile=profile)) == 1
    assert mending.format(profile=profile) in shown
    assert LONG[:40] not in shown


@pytest.mark.parametrize(("fault", "cause", "mending"), CAUSES)
class TestEveryBatch:
    def test_copy(
        self, program: Program, emulator: RunningEmulator, fault: dict[str, object], cause: str, mending: str
    ) -> None:
        emulator.faults({"route": "GET /persongroups/*", **fault})
        check(program.run(*COPY, "--max-retries", "0").err, "target", cause, mending)

    def test_run(
        self, program: Program, emulator: RunningEmulator, plan: str, fault: dict[str, object], cause: str, mending: str
    ) -> None:
        emulator.faults(
            *({"route": f"GET /{path}/*", **fault} for path in ("persongroups", "largepersongroups", "facelists"))
        )
        check(program.run("run", plan, "--max-retries", "0").err, "target", cause, mending)

    def test_delete(
        self, program: Program, emulator: RunningEmulator, fault: dict[str, object], cause: str, mending: str
    ) -> None:
        ids = [take_employees(program) for _ in range(3)]
        emulator.faults({"route": "DELETE /snapshots/*", **fault})
        check(program.run("delete", *ids, "--yes", "--max-retries", "0").err, "source", cause, mending)

    def test_status(
        self, program: Program, emulator: RunningEmulator, fault: dict[str, object], cause: str, mending: str
    ) -> None:
        for kind, name in (("PersonGroup", "employees"), ("FaceList", "watchlist"), ("LargeFaceList", "archive")):
            assert program.run("take", "-t", kind, "-i", name, "--no-wait", "-q").status == 0
        emulator.faults({"route": "GET /operations/*", **fault})
        asked = program.run("status", "--max-retries", "0")
        check(asked.err, "source", cause, mending)
        assert "facesnap wait" in asked.err.splitlines()[-1]


def test_the_services_own_text_is_shown_with_v_and_always_in_json(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "GET /persongroups/*", "status": 401, "message": LONG})
    verbose = program.run(*COPY, "-v")
    assert verbose.err.count(f"the service says: {LONG.strip()}") == 1
    error = json.loads(program.run(*COPY, "-o", "json", "-q").err)["error"]
    assert {one["serviceMessage"].strip() for one in error["failures"]} == {LONG.strip()}


def test_several_causes_have_each_its_line_with_what_mends_it(
    program: Program, emulator: RunningEmulator, plan: str
) -> None:
    config = program.directory / "config.toml"
    config.write_text(config.read_text().replace("b000", "c000"))
    with open(plan, "a") as file:
        file.write(
            '[[backup]]\nname = "ghost"\nfrom = "source"\ntype = "FaceList"\nobject_id = "ghost"\n'
            'method = "export"\nto = ["file:ghost.facesnap"]\n'
        )
    done = program.run("run", plan, "-q", "-o", "none")
    assert done.status == 11
    assert done.err.splitlines()[:2] == [
        "facesnap: 4 of 4 items did not succeed",
        f"  employees, visitors, watchlist: {REFUSED.format(profile='target')}; replace it with KEY 1 or KEY 2 of"
        f" {emulator.endpoint}: facesnap config set key --profile target",
    ]
    assert done.err.splitlines()[2].startswith("  get FaceList ghost: 404 FaceListNotFound: ")


def test_an_item_is_named_once_if_all_of_its_targets_fail_for_its_object(program: Program, plan: str) -> None:
    with open(plan, "a") as file:
        file.write(
            '[[backup]]\nname = "ghost"\nfrom = "source"\ntype = "PersonGroup"\nobject_id = "ghost"\n'
            'to = ["target:one", "target:two"]\n'
        )
    first = program.run("run", plan, "-q", "-o", "none").err.splitlines()[0]
    assert first.startswith("facesnap: 1 of 4 items did not succeed: take PersonGroup ghost: 404 PersonGroupNotFound: ")


def test_an_item_that_fails_for_two_causes_is_named_with_each(
    program: Program, emulator: RunningEmulator, plan: str
) -> None:
    config = program.directory / "config.toml"
    text = config.read_text()
    other = text[text.index("[profiles.target]") :].replace("target]", "dead]").replace("b000", "c000")
    config.write_text(text + other)
    call(emulator, "PUT", "/persongroups/taken", TARGET_KEYS[0], {"name": "taken"})
    dead = PLAN.replace('"target:x', '"dead:x')
    with open(plan, "w") as file:
        file.write(dead.replace('{name}"]', '{name}", "target:taken"]', 1))
    lines = program.run("run", plan, "-q", "-o", "none").err.splitlines()
    assert lines[0] == "facesnap: 3 of 3 items did not succeed"
    assert lines[1].startswith(f"  employees, visitors, watchlist: {REFUSED.format(profile='dead')}")
    assert lines[2].startswith("  employees: PersonGroup taken exists in target already")


@pytest.mark.parametrize(
    ("setting", "value", "mending"),
    [
        ("key_env", "FACE_KEY", "set the variable FACE_KEY, which key_env names, to KEY 1 or KEY 2 of http://127."),
        ("key_file", "dead.key", "put KEY 1 or KEY 2 of http://127."),
        ("key_command", "echo deaddeaddeaddeaddeaddeaddeaddead", "let key_command print KEY 1 or KEY 2 of http://127."),
        ("key", "deaddeaddeaddeaddeaddeaddeaddead", "facesnap config set key --profile source"),
    ],
)
def test_each_source_of_a_key_has_its_own_remedy(
    program: Program, emulator: RunningEmulator, setting: str, value: str, mending: str
) -> None:
    path = program.configure(emulator.endpoint)
    lines = path.read_text().splitlines()
    lines[3] = f'{setting} = "{value}"'
    path.write_text("\n".join(lines))
    key_file = program.directory / "dead.key"
    key_file.write_text("deaddeaddeaddeaddeaddeaddeaddead")
    key_file.chmod(0o600)
    refused = program.run("list", FACE_KEY="deaddeaddeaddeaddeaddeaddeaddead")
    assert refused.status == 4
    assert REFUSED.format(profile="source") in refused.err
    assert mending in refused.err


def test_the_remedy_for_a_key_of_the_environment_is_the_variable(
    bare_program: Program, emulator: RunningEmulator
) -> None:
    refused = bare_program.run(
        "list", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY="deaddeaddeaddeaddeaddeaddeaddead"
    )
    assert refused.err.splitlines() == [
        "facesnap: list snapshots: the service refuses the key (401)",
        f"  set FACESNAP_KEY to KEY 1 or KEY 2 of {emulator.endpoint}",
    ]


@pytest.mark.parametrize(
    ("profile", "line", "mending"),
    [
        ('key = "dead"', ("list", "-p", "other"), "facesnap config set endpoint URL --profile other"),
        ('key = "dead"', (*COPY[:5], "--to", "other"), "facesnap config set endpoint URL --profile other"),
        ('endpoint = "https://h.example"', (*COPY[:5], "--to", "other"), "facesnap config set key --profile other"),
        (
            'endpoint = "https://h.example"\nkey_env = "NOPE"',
            (*COPY[:5], "--to", "other"),
            "facesnap doctor --as-cron --profile other",
        ),
    ],
)
def test_what_another_profile_lacks_is_mended_in_that_profile(
    program: Program, profile: str, line: tuple[str, ...], mending: str
) -> None:
    config = program.directory / "config.toml"
    config.write_text(f"{config.read_text()}\n[profiles.other]\nsubscription_id = '{TARGET_SUBSCRIPTION}'\n{profile}\n")
    refused = program.run(*line)
    assert refused.status in (2, 4)
    assert refused.err.splitlines()[-1].endswith(mending)


def test_a_missing_plan_names_the_command_that_writes_one(program: Program) -> None:
    refused = program.run("run", "nightly.toml")
    assert refused.status == 13
    assert refused.err.splitlines()[-1] == "  facesnap run --init nightly.toml writes one to fill in"


@pytest.mark.parametrize(
    ("endpoint", "said", "mending"),
    [
        ("http://127.0.0.1:9", "no answer from 127.0.0.1:9 (connection refused)", "facesnap emulator start"),
        ("https://no-such-host.invalid", "no answer from no-such-host.invalid (", "check the spelling of the endpoint"),
    ],
)
def test_a_host_that_does_not_answer_is_explained_without_error_numbers(
    bare_program: Program, endpoint: str, said: str, mending: str
) -> None:
    line = ("list", "--max-retries", "0")
    refused = bare_program.run(*line, FACESNAP_ENDPOINT=endpoint, FACESNAP_KEY="dead" * 8)
    assert refused.status == 9
    assert said in refused.err
    assert mending in refused.err
    assert "Errno" not in refused.err
