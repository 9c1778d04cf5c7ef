"""Several copies of one object share a take: the last one that needs the snapshot deletes it."""

from __future__ import annotations

from tests.backups.conftest import Estate, subscription
from tests.support.gate import Gate
from tests.support.waiting import PATIENCE_S

COPY = ("copy", "-t", "PersonGroup", "-i", "group-03", "--from", "prod")
FIRST, SECOND = (*COPY, "--to", "dr:first"), (*COPY, "--to", "eu:second")


def snapshots(estate: Estate) -> int:
    return len(estate.run("list", "-o", "json").json)


def test_the_first_of_two_processes_to_finish_leaves_the_snapshot_to_the_other(
    behind_the_gate: Estate, gated: Gate
) -> None:
    estate = behind_the_gate
    assert estate.run(*FIRST, "--timeout", "1").status == 8
    gated.stop_answer = "GET /face/v1.0/operations/"
    process = estate.program.start(*SECOND)
    assert gated.stopped.wait(PATIENCE_S)
    gated.open()
    first = estate.run(*FIRST, "-q", "-o", "id")
    assert (first.status, first.out, first.err, snapshots(estate)) == (0, "first\n", "", 1)
    gated.release()
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, estate.groups("eu")) == (0, ["second"]), out + err
    assert (estate.takes(), estate.applies(), snapshots(estate)) == (1, 2, 0)


def test_a_copy_that_was_interrupted_goes_on_with_the_snapshot_that_it_shared(estate: Estate) -> None:
    for copy in (FIRST, SECOND):
        assert estate.run(*copy, "--timeout", "0.1").status == 8
    assert estate.run(*FIRST, "-q").status == 0
    assert snapshots(estate) == 1
    told = estate.run(*SECOND, "--dry-run", "-o", "json")
    assert [one["action"] for one in told.json] == ["reuse", "apply", "delete"]
    assert estate.run(*SECOND, "-q").status == 0
    assert (estate.takes(), estate.applies(), snapshots(estate)) == (1, 2, 0)
    assert estate.run(*SECOND).status == 6, "finished, it is another copy"


def test_a_copy_that_keeps_the_snapshot_keeps_it_from_the_other_too(estate: Estate) -> None:
    assert estate.run(*FIRST, "--timeout", "1").status == 8
    assert estate.run(*SECOND, "--keep-snapshot", "-q").status == 0
    assert estate.run(*FIRST, "-q").status == 0
    assert (estate.takes(), snapshots(estate)) == (1, 1)


def test_a_snapshot_that_an_apply_still_needs_is_left(estate: Estate) -> None:
    assert estate.run(*FIRST, "--timeout", "1").status == 8
    [take] = estate.run("wait", "-o", "json", "-q").json
    scope = ("update", take["snapshotId"], "--add-scope", subscription("eu"), "-o", "none")
    assert estate.run(*scope).status == 0
    apply = ("apply", take["snapshotId"], "-p", "eu", "-i", "third", "--no-wait", "-o", "none")
    assert estate.run(*apply).status == 0
    assert estate.run(*FIRST, "-q").status == 0
    assert (estate.takes(), snapshots(estate)) == (1, 1)
    assert estate.run("wait", "-q").status == 0
    assert estate.groups("eu") == ["third"]


def test_a_snapshot_that_is_being_deleted_is_not_relied_on(estate: Estate) -> None:
    estate.emulator.faults({"route": "DELETE /snapshots/*", "status": 403, "code": "Forbidden"})
    done = estate.run(*FIRST, "-q")
    assert (done.status, snapshots(estate)) == (0, 1)
    assert "it expires by itself 48 hours after it was taken" in done.err
    estate.emulator.faults()
    assert estate.run(*SECOND, "--max-age", "1h", "-q").status == 0
    assert estate.takes() == 2
