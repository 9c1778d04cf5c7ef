"""Two accounts of one subscription behind one host, with a group of the same id: neither takes the other's."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.conftest import LinkedClock, Program, Result
from tests.support.families import first_quick
from tests.support.service import call, posts

SHARED = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "bbbbbbbb-0000-4000-8000-000000000001"
ACCOUNTS = {"west": SHARED, "europe": SHARED, "dr": OTHER}
KEYS = {name: f"{number}{'0' * 31}" for number, name in enumerate(ACCOUNTS)}
EMPLOYEES = ("-t", "PersonGroup", "-i", "employees")
SCOPE = ("-s", OTHER)


@dataclass
class Pair:
    """The accounts `west` and `europe` of one subscription, `dr` of another, and a program with their profiles."""

    emulator: RunningEmulator
    program: Program

    def run(self, *arguments: str) -> Result:
        return self.program.run(*arguments)

    def take(self, profile: str, *arguments: str) -> Result:
        return self.run("take", *EMPLOYEES, *SCOPE, "-p", profile, "-o", "id", *arguments)

    def takes(self) -> int:
        return posts(self.emulator, "/snapshots")

    def persons(self, profile: str, group: str) -> list[str]:
        found = call(self.emulator, "GET", f"/persongroups/{group}/persons", KEYS[profile], version="v1.0")
        return sorted(person["name"] for person in found)

    def plan(self, *items: str) -> str:
        path = self.program.directory / "nightly.toml"
        path.write_text(
            "".join(f'[[backup]]\ntype = "PersonGroup"\nobject_id = "employees"\n{item}\n' for item in items)
        )
        return str(path)

    def profile(self, name: str, account: str) -> str:
        return (
            f'[profiles.{name}]\nendpoint = "{self.emulator.endpoint}"\nkey = "{KEYS[account]}"\n'
            f'subscription_id = "{ACCOUNTS[account]}"\nrate_limit = "none"\n'
        )


@pytest.fixture(scope="session")
def two_in_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    directory = tmp_path_factory.mktemp("pair")
    accounts, seed = directory / "accounts.json", directory / "seed.json"
    accounts.write_text(
        json.dumps(
            [
                {"name": name, "subscriptionId": ACCOUNTS[name], "keys": [KEYS[name], KEYS[name][:-1] + "1"]}
                for name in ACCOUNTS
            ]
        )
    )
    groups = [
        {"account": name, "type": "PersonGroup", "objectId": "employees", "persons": [{"name": f"{name} person"}]}
        for name in ("west", "europe")
    ]
    seed.write_text(json.dumps({"objects": groups}))
    with running(EmulatorOptions(port=0, accounts=accounts, seed=str(seed))) as emulator:
        yield emulator


@pytest.fixture
def pair(tmp_path: Path, two_in_one: RunningEmulator) -> Iterator[Pair]:
    two_in_one.reset()
    with contextlib.closing(Program(tmp_path, LinkedClock(two_in_one))) as program:
        made = Pair(two_in_one, program)
        program.write_config("".join(made.profile(name, name) for name in ACCOUNTS))
        yield made


def test_each_of_two_accounts_of_a_subscription_has_its_own_path_objects_and_keys(pair: Pair) -> None:
    for profile in ("west", "europe"):
        assert pair.take(profile, "-q").status == 0
    for profile in ("west", "europe"):
        paths = [one["account"].rpartition("/")[2] for one in pair.run("list", "-p", profile, "-o", "json").json]
        assert paths == ["west", "europe"], "a subscription's snapshots are visible to all of its accounts"
        assert pair.persons(profile, "employees") == [f"{profile} person"]


def test_take_max_age_does_not_use_the_other_accounts_snapshot(pair: Pair) -> None:
    wests = pair.take("west").out
    first = pair.take("europe", "--max-age", "20h")
    assert (first.status, pair.takes()) == (0, 2)
    assert first.out != wests
    assert first.err.count("is not used again: it is not known whether") == 1
    assert wests.strip() in first.err
    again = pair.take("europe", "--max-age", "20h")
    assert (again.status, again.out, pair.takes()) == (0, first.out, 2)
    assert "is not used again" not in again.err, "both accounts are known now"
    wests_again = pair.take("west", "--max-age", "20h", "-q")
    assert (wests_again.out, pair.takes()) == (wests, 2)


def test_copy_max_age_does_not_use_the_other_accounts_snapshot(pair: Pair) -> None:
    assert pair.take("west", "-q").status == 0
    copy = ("copy", *EMPLOYEES, "--from", "europe", "--to", "dr:copy", "--max-age", "20h")
    told = pair.run(*copy, "--dry-run", "-o", "json")
    assert [step["action"] for step in told.json] == ["take", "apply", "delete"]
    assert pair.run(*copy, "-q").status == 0
    assert pair.persons("dr", "copy") == ["europe person"]


def test_one_plan_for_both_accounts_copies_each_accounts_own_group(pair: Pair) -> None:
    plan = pair.plan(
        'name = "west"\nfrom = "west"\nto = ["dr:{name}-{date}"]\nkeep_snapshot = true',
        'name = "europe"\nfrom = "europe"\nto = ["dr:{name}-{date}"]\nkeep_snapshot = true',
    )
    for night in range(3):
        done = pair.run("run", plan, "-o", "json")
        assert [one["status"] for one in done.json] == ["copied", "copied"], done.err
        for one in done.json:
            assert pair.persons("dr", one["objectId"]) == [f"{one['item']} person"]
        assert pair.takes() == 2 * (night + 1)
        pair.program.clock.sleep(24 * 3600)


def test_a_plan_of_one_account_does_not_use_a_take_of_the_other(pair: Pair) -> None:
    assert pair.take("west", "-q").status == 0
    plan = pair.plan('name = "europe"\nfrom = "europe"\nto = ["dr:{name}-{date}"]')
    done = pair.run("run", plan, "-o", "json", "-q")
    assert done.status == 0
    assert pair.persons("dr", done.json[0]["objectId"]) == ["europe person"]


def test_a_snapshot_that_an_earlier_version_ascribed_to_the_wrong_profile_is_not_used_by_it(pair: Pair) -> None:
    wests = pair.take("west").out.strip()
    path = pair.program.directory / "state" / "journal.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(operations)")]
        chosen = ", ".join({"intent": "'0'", "profile": "'europe'", "owner": "''"}.get(name, name) for name in columns)
        database.execute(f"INSERT INTO operations SELECT {chosen} FROM operations")
    assert pair.take("europe", "--max-age", "20h").out.strip() != wests
    assert pair.take("west", "--max-age", "20h").out.strip() == wests


def test_a_profile_that_was_renamed_uses_its_snapshot_once_its_account_is_known(pair: Pair) -> None:
    pair.take("west", "-q")
    pair.program.write_config(pair.profile("west", "west") + pair.profile("usa", "west"))
    renamed = pair.take("usa", "--max-age", "20h")
    assert (pair.takes(), renamed.err.count("it is not known whether")) == (2, 1)
    newest = pair.take("west", "--max-age", "20h", "-q").out
    assert (pair.takes(), newest) == (2, renamed.out), "both profiles have shown the same path"


def test_latest_to_delete_is_the_accounts_own(pair: Pair) -> None:
    own = pair.take("west").out.strip()
    pair.program.clock.sleep(60)
    theirs = pair.take("europe").out.strip()
    assert pair.run("show", "latest", "-p", "west", "-o", "id").out.strip() == theirs
    assert pair.run("delete", "latest", "-p", "west", "--yes", "-o", "id").out.strip() == own
    assert pair.run("delete", "latest", "-p", "west", "--yes").status == 5
    changed = pair.run("update", "latest", "-p", "europe", "--user-data", "x", "-o", "id")
    assert changed.out.strip() == theirs


def test_latest_to_delete_is_refused_where_nobody_knows_whose_it_is(pair: Pair) -> None:
    pair.take("west", "-q")
    refused = pair.run("delete", "latest", "-p", "europe", "--yes")
    assert (refused.status, refused.out) == (2, "")
    assert "may be another account's" in refused.err
    assert len(pair.run("list", "-p", "west", "-o", "json").json) == 1


def test_verify_compares_with_the_object_of_the_account_that_took_the_snapshot(pair: Pair) -> None:
    snapshot = pair.take("west").out.strip()
    pair.take("europe", "-q")
    for profile in ("west", "europe"):  # both accounts become known
        pair.take(profile, "--max-age", "1h", "-q")
    apply = ("apply", snapshot, "-p", "dr", "-i", "copy", "--verify", "full")
    applied = pair.run(*apply)
    assert applied.status == 0
    assert pair.persons("dr", "copy") == ["west person"]


def test_verify_elsewhere_finds_no_source_among_two_profiles_of_the_subscription(pair: Pair) -> None:
    snapshot = pair.take("west").out.strip()
    pair.program.environment["FACESNAP_STATE_DIR"] = str(pair.program.directory / "elsewhere")
    apply = ("apply", snapshot, "-p", "dr", "-i", "copy", "--verify", "full")
    assert pair.run(*apply).status == 2
    pair.program.write_config(pair.profile("europe", "europe") + pair.profile("dr", "dr"))
    applied = pair.run(*apply)
    assert applied.status == 14
    assert "it is not known whether it leads to" in applied.err


def test_a_take_that_may_be_of_the_same_object_is_not_sent_twice_unasked(pair: Pair) -> None:
    pair.take("west", "--no-wait", "-q")
    refused = pair.take("europe", "-q")
    assert (refused.status, pair.takes()) == (6, 1)
    assert "is under way already with profile west, whose account may be the same" in refused.err
    assert pair.take("europe", "--force", "-q").status == 0
    assert pair.run("wait", "-q").status == 0


def test_takes_of_two_accounts_that_are_known_are_not_in_each_others_way(pair: Pair) -> None:
    for profile in ("west", "europe", "west", "europe"):
        assert pair.take(profile, "--max-age", "20h", "-q").status == 0
    pair.program.clock.sleep(60)
    assert pair.take("west", "--no-wait", "-q").status == 0
    assert pair.take("europe", "-q").status == 0
    assert pair.takes() == 4


def test_a_lost_take_does_not_adopt_the_other_accounts_snapshot_with_its_user_data(pair: Pair) -> None:
    for profile in ("west", "europe", "west", "europe"):
        assert pair.take(profile, "--max-age", "20h", "-q").status == 0
    pair.emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert pair.take("europe", "--user-data", "nightly", "-q").status == 10
    state = pair.program.environment["FACESNAP_STATE_DIR"]
    pair.program.environment["FACESNAP_STATE_DIR"] = f"{state}-elsewhere"
    assert pair.take("west", "--user-data", "nightly", "-q").status == 0
    pair.program.environment["FACESNAP_STATE_DIR"] = state
    assert pair.run("wait", "-q").status == 10


def test_the_quota_of_a_subscription_is_counted_over_its_accounts(pair: Pair) -> None:
    pair.take("west", "-q")
    assert "2 takes in 24 h are known here" in pair.take("europe", "-v", "--no-wait").err


@pytest.fixture(params=first_quick(["without a profile", "with a profile whose key is replaced"]))
def keyed(pair: Pair, request: pytest.FixtureRequest) -> Pair:
    """Let the environment name endpoint and key, as in CI: `key_of` chooses the account."""
    default = 'default_profile = "home"\n' if "replaced" in request.param else ""
    pair.program.write_config(default + pair.profile("dr", "dr") + pair.profile("home", "dr"))
    pair.program.environment["FACESNAP_ENDPOINT"] = pair.emulator.endpoint
    pair.program.environment["FACESNAP_SUBSCRIPTION_ID"] = SHARED
    key_of(pair, "west")
    return pair


def key_of(pair: Pair, account: str, number: int = 0) -> None:
    pair.program.environment["FACESNAP_KEY"] = KEYS[account][:-1] + str(number)


def test_a_profile_whose_key_the_environment_replaces_is_not_that_profile(pair: Pair) -> None:
    """Without the variable, the profile's own key counts again."""
    take = ("take", *EMPLOYEES, *SCOPE, "-p", "west", "-o", "id", "-q", "--max-age", "20h")
    wests = pair.run(*take).out
    pair.program.environment["FACESNAP_KEY"] = KEYS["europe"]
    europes = pair.run(*take).out
    assert (pair.run(*take).out, pair.takes()) == (europes, 2)
    del pair.program.environment["FACESNAP_KEY"]
    assert (pair.run(*take).out, pair.takes()) == (wests, 2)


def test_a_key_uses_the_young_snapshots_of_its_own_account_alone(keyed: Pair) -> None:
    take = ("take", *EMPLOYEES, *SCOPE, "-o", "id", "--max-age", "20h")
    wests = keyed.run(*take).out
    key_of(keyed, "europe")
    europes = keyed.run(*take)
    assert (europes.status, keyed.takes()) == (0, 2)
    assert "is not used again: it is not known whether" in europes.err
    assert keyed.run(*take, "-q").out == europes.out != wests
    key_of(keyed, "west")
    assert (keyed.run(*take, "-q").out, keyed.takes()) == (wests, 2)


def test_a_rotated_key_uses_snapshots_again_once_its_account_has_shown_itself(keyed: Pair) -> None:
    take = ("take", *EMPLOYEES, *SCOPE, "-o", "id", "-q", "--max-age", "20h")
    first = keyed.run(*take).out
    key_of(keyed, "west", 1)
    second = keyed.run(*take).out
    assert (keyed.takes(), second != first) == (2, True)
    key_of(keyed, "west", 0)
    assert (keyed.run(*take).out, keyed.takes()) == (second, 2), "both keys lead to one ARM path"


def test_a_key_does_not_count_or_delete_the_copies_of_another_account(keyed: Pair) -> None:
    plan = keyed.plan('name = "staff"\nto = ["dr:x-{date}-{time}"]\nkeep = { last = 1 }')
    wests = keyed.run("run", plan, "-o", "json", "-q").json[0]["objectId"]
    assert keyed.run("backups", plan, "--check", "-q").status == 0
    key_of(keyed, "europe")
    assert keyed.run("backups", plan, "--check", "-q").status == 5
    keyed.program.clock.sleep(60)
    done = keyed.run("run", plan, "-o", "json", "-q")
    [europes] = done.json
    assert (done.status, europes["status"], europes["deleted"]) == (0, "copied", [])
    assert keyed.persons("dr", europes["objectId"]) == ["europe person"]
    assert keyed.persons("dr", wests) == ["west person"]
    key_of(keyed, "west")
    assert keyed.run("run", plan, "-o", "json", "-q").json[0]["status"] == "current"


@pytest.mark.parametrize("to", ["file:{name}-{date}.facesnap", "file:{name}.facesnap"])
def test_a_key_neither_counts_nor_replaces_the_archives_of_another_account(keyed: Pair, to: str) -> None:
    plan = keyed.plan(f'name = "staff"\nmethod = "export"\nrequire_images = false\nmax_age = "1s"\nto = ["{to}"]')
    assert keyed.run("run", plan, "-q").status == 0
    [archive] = keyed.program.directory.glob("*.facesnap")
    content = archive.read_bytes()
    key_of(keyed, "europe")
    assert keyed.run("backups", plan, "--check", "-q").status == 5
    keyed.program.clock.sleep(60)
    refused = keyed.run("run", plan, "-q")
    assert (refused.status, archive.read_bytes() == content) == (6, True)
    assert "whose key came from the environment" in refused.err
    key_of(keyed, "west")
    assert keyed.run("run", plan, "-q").status == 0


def test_an_unfinished_export_goes_on_with_its_own_key_alone(keyed: Pair) -> None:
    export = ("export", *EMPLOYEES, "--to", str(keyed.program.directory / "a.facesnap"), "-q")
    again = {"skip": 1, "count": 1}  # when the first list has been read
    keyed.emulator.faults({"route": "GET /persongroups/employees/training", "status": 403, **again})
    assert keyed.run(*export).status == 4
    key_of(keyed, "europe")
    assert keyed.run(*export).status == 6
    key_of(keyed, "west")
    assert keyed.run(*export).status == 0


def test_a_lost_take_is_found_and_waited_for_with_its_own_key_alone(keyed: Pair) -> None:
    take = ("take", *EMPLOYEES, *SCOPE, "-o", "id", "-q")
    keyed.emulator.faults({"route": "POST /snapshots", "drop": "after", "count": 1})
    assert keyed.run(*take).status == 10
    key_of(keyed, "europe")
    refused = keyed.run("wait", "-q")
    assert refused.status == 2
    assert "with another key than the one in use now" in refused.err
    blocked = keyed.run(*take)
    assert (blocked.status, keyed.takes()) == (6, 1)
    assert "with another key, whose account may be the same" in blocked.err
    key_of(keyed, "west")
    keyed.program.clock.sleep(60)
    adopted = keyed.run(*take)
    assert (adopted.status, keyed.takes()) == (0, 1)


def test_a_take_of_a_key_that_is_gone_blocks_no_take_for_ever(keyed: Pair) -> None:
    take = ("take", *EMPLOYEES, *SCOPE, "-q")
    keyed.emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert keyed.run(*take).status == 10
    key_of(keyed, "west", 1)
    assert keyed.run(*take).status == 6
    keyed.program.clock.sleep(13 * 3600)
    assert keyed.run(*take).status == 0


def test_an_operation_of_a_key_is_waited_for_with_a_profile_of_that_key(keyed: Pair) -> None:
    taken = keyed.run("take", *EMPLOYEES, *SCOPE, "--no-wait", "-o", "id", "-q")
    for name in ("FACESNAP_ENDPOINT", "FACESNAP_KEY", "FACESNAP_SUBSCRIPTION_ID"):
        del keyed.program.environment[name]
    keyed.program.write_config(keyed.profile("dr", "west"))
    assert keyed.run("wait", taken.out.strip(), "-p", "dr", "-q").status == 0


def test_an_import_goes_on_with_its_own_key_alone(keyed: Pair) -> None:
    archive = str(keyed.program.directory / "a.facesnap")
    assert keyed.run("export", *EMPLOYEES, "--to", archive, "-q").status == 0
    rebuild = ("import", archive, "-i", "rebuilt", "-q")
    keyed.emulator.faults({"route": "POST /persongroups/rebuilt/persons", "status": 403})
    assert keyed.run(*rebuild).status == 4
    keyed.emulator.faults()
    key_of(keyed, "europe")
    assert keyed.run(*rebuild).status == 0
    key_of(keyed, "west")
    assert keyed.run(*rebuild).status == 0
    assert keyed.persons("europe", "rebuilt") == keyed.persons("west", "rebuilt") == ["west person"]


def test_latest_to_delete_is_the_keys_own(keyed: Pair) -> None:
    own = keyed.run("take", *EMPLOYEES, *SCOPE, "-o", "id", "-q").out
    key_of(keyed, "europe")
    assert keyed.run("delete", "latest", "--yes", "-q").status == 2
    key_of(keyed, "west")
    assert keyed.run("delete", "latest", "--yes", "-o", "id", "-q").out == own


def test_tab_offers_the_snapshots_of_the_key_in_use(keyed: Pair) -> None:
    taken = keyed.run("take", *EMPLOYEES, *SCOPE, "-o", "id", "-q").out.strip()
    complete = ("__complete", "--line", "facesnap show ")
    assert taken in keyed.program.call(*complete).out
    key_of(keyed, "europe")
    assert taken not in keyed.program.call(*complete).out


def test_the_quota_counts_the_takes_of_every_key_that_may_share_it(keyed: Pair) -> None:
    del keyed.program.environment["FACESNAP_SUBSCRIPTION_ID"]
    keyed.run("take", *EMPLOYEES, *SCOPE, "-q")
    key_of(keyed, "europe")
    assert "2 takes in 24 h are known here" in keyed.run("take", *EMPLOYEES, *SCOPE, "-v", "--no-wait").err


def test_no_file_holds_the_key_of_the_environment(keyed: Pair) -> None:
    keyed.run("take", *EMPLOYEES, *SCOPE, "-q")
    keyed.run("export", *EMPLOYEES, "--to", str(keyed.program.directory / "a.facesnap"), "-q")
    key = KEYS["west"].encode()
    config = keyed.program.directory / "config.toml"
    files = [path for path in keyed.program.directory.rglob("*") if path.is_file() and path != config]
    assert {path.name for path in files} >= {"journal.db", "a.facesnap"}
    assert [path for path in files if key in path.read_bytes()] == []
