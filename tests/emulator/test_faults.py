"""Test faults: which calls they hit, what they do, how they are written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.http_server import RunningEmulator
from facesnap_cli.emulator.protocol.fault_specs import fault_from, parse_fault
from facesnap_cli.emulator.protocol.faults import Fault
from tests.emulator.conftest import Open, Run
from tests.emulator.doors import TARGET_KEY, Door, SocketDoor
from tests.support.waiting import HANG_S, PATIENCE_S, until


def set_faults(door: Door, *faults: dict[str, Any]) -> None:
    """Add faults."""
    response = door.control("POST", "/faults", json=list(faults))
    assert response.status_code == 200, response.text


class TestWhichCalls:
    def test_a_route_is_a_method_and_a_path(self, door: Door) -> None:
        set_faults(door, {"route": "GET /persongroups", "status": 503})

        assert door.call("GET", "/persongroups").status_code == 503
        assert door.call("GET", "/persongroups/employees").status_code == 200
        assert door.call("GET", "/persongroups", prefix="/face/v1.2").status_code == 503

    @pytest.mark.parametrize("route", ["GET /persongroups/*", "GET /persongroups/{personGroupId}", "* *"])
    def test_a_route_may_be_a_pattern_or_a_template(self, door: Door, route: str) -> None:
        set_faults(door, {"route": route, "status": 503})

        assert door.call("GET", "/persongroups/employees").status_code == 503

    def test_some_pass_first_then_some_are_hit(self, door: Door) -> None:
        set_faults(door, {"route": "GET /persongroups", "status": 500, "skip": 2, "count": 2})

        statuses = [door.call("GET", "/persongroups").status_code for _ in range(6)]

        assert statuses == [200, 200, 500, 500, 200, 200]

    def test_a_share_is_hit_and_always_the_same(self, door: Door) -> None:
        def statuses() -> list[int]:
            door.control("DELETE", "/faults")
            set_faults(door, {"route": "GET /persongroups", "status": 500, "share": 0.5, "seed": 7})
            return [door.call("GET", "/persongroups").status_code for _ in range(40)]

        first = statuses()

        assert 10 < first.count(500) < 30
        assert statuses() == first

    def test_a_fault_may_hit_one_account_only(self, door: Door) -> None:
        set_faults(door, {"route": "* *", "status": 500, "account": "facesnap-emulator-target"})

        assert door.call("GET", "/persongroups").status_code == 200
        assert door.call("GET", "/persongroups", key=TARGET_KEY).status_code == 500

    def test_a_reset_restores_the_faults_of_the_options(self, open_door: Open) -> None:
        door = open_door(faults=("GET /persongroups status=503 count=1",))
        before = door.call("GET", "/persongroups").status_code, door.call("GET", "/persongroups").status_code
        set_faults(door, {"route": "GET /facelists", "status": 500})
        door.control("POST", "/reset")

        assert before == (503, 200)
        assert door.call("GET", "/facelists").status_code == 200
        assert door.call("GET", "/persongroups").status_code == 503

    def test_faults_can_be_shown_and_removed(self, door: Door) -> None:
        set_faults(door, {"route": "GET /persongroups", "status": 500, "skip": 1})
        for _ in range(3):
            door.call("GET", "/persongroups")

        shown = door.control("GET", "/faults").json()
        lifted = door.control("DELETE", "/faults").json()

        assert shown == [{"route": "GET /persongroups", "skip": 1, "status": 500, "matched": 3, "fired": 2}]
        assert lifted == []
        assert door.call("GET", "/persongroups").status_code == 200


class TestStatus:
    def test_the_call_has_no_effect(self, door: Door) -> None:
        set_faults(door, {"route": "PUT *", "status": 503})

        door.call("PUT", "/facelists/mine", json={"name": "n"})

        assert door.call("GET", "/facelists/mine").status_code == 404

    def test_in_the_services_envelope(self, door: Door) -> None:
        set_faults(door, {"route": "* *", "status": 409, "code": "ConcurrentOperationConflict", "message": "Busy."})

        response = door.call("GET", "/persongroups")

        assert response.json() == {"error": {"code": "ConcurrentOperationConflict", "message": "Busy."}}

    def test_in_the_gateways_envelope(self, door: Door) -> None:
        set_faults(door, {"route": "* *", "status": 429, "envelope": "gateway", "retryAfter": 7})

        response = door.call("GET", "/persongroups")

        assert response.json() == {"statusCode": 429, "message": "Rate limit is exceeded."}
        assert response.headers["retry-after"] == "7"

    def test_retry_after_may_be_a_date_or_be_missing(self, door: Door) -> None:
        set_faults(door, {"route": "GET /facelists", "status": 503, "retryAfterDate": 90})
        set_faults(door, {"route": "GET /persongroups", "status": 503})
        now = door.control("GET", "/clock").json()["now"]

        date = parsedate_to_datetime(door.call("GET", "/facelists").headers["retry-after"])

        assert 85 < (date - datetime.fromisoformat(now)).total_seconds() < 95
        assert "retry-after" not in door.call("GET", "/persongroups").headers

    def test_a_call_can_be_redirected(self, door: Door) -> None:
        set_faults(door, {"route": "* *", "redirect": "http://127.0.0.1:9/stolen"})

        response = door.call("GET", "/persongroups")

        assert (response.status_code, response.headers["location"]) == (307, "http://127.0.0.1:9/stolen")

    def test_the_body_may_be_anything(self, door: Door) -> None:
        set_faults(door, {"route": "* *", "status": 502, "body": "<html>Bad Gateway</html>"})

        response = door.call("GET", "/persongroups")

        assert (response.status_code, response.text) == (502, "<html>Bad Gateway</html>")


class TestOperations:
    def test_a_take_can_be_made_to_fail(self, door: Door) -> None:
        set_faults(door, {"route": "POST /snapshots", "fail": "Storage is full."})

        operation = door.follow(door.take("FaceList", "watchlist"))

        assert (operation["status"], operation["message"]) == ("failed", "Storage is full.")
        assert door.call("GET", "/snapshots").json() == []

    def test_an_apply_can_be_made_to_fail(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")
        set_faults(door, {"route": "POST /snapshots/*/apply", "fail": "Storage is full."})

        operation = door.follow(door.apply(snapshot), key=TARGET_KEY)

        assert (operation["status"], operation["message"]) == ("failed", "Storage is full.")
        assert door.call("GET", "/facelists/copy", key=TARGET_KEY).status_code == 404

    def test_an_existing_target_may_fail_by_the_operation(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")
        door.call("PUT", "/facelists/copy", key=TARGET_KEY, json={"name": "there"})
        set_faults(door, {"route": "POST /snapshots/*/apply", "existing": "operation"})

        operation = door.follow(door.apply(snapshot), key=TARGET_KEY)

        assert (operation["status"], operation["message"]) == ("failed", "Face list already exists.")

    @pytest.mark.parametrize(
        ("location", "start"),
        [("elsewhere", "https://face-internal.invalid:8443/face/v1.0/operations/"), ("absolute", "http://127.0.0.1")],
    )
    def test_the_location_may_be_absolute(self, door: Door, location: str, start: str) -> None:
        set_faults(door, {"route": "POST /snapshots", "location": location})

        response = door.take("FaceList", "watchlist")

        assert response.status_code == 202
        assert response.headers["operation-location"].startswith(start)
        assert "/face/v1.0/operations/" in response.headers["operation-location"]

    @pytest.mark.parametrize(
        ("location", "base"),
        [
            ("elsewhere", "https://face-internal.invalid:8443/face/v1.0"),
            ("absolute", "http://localhost:1/face/v1.0"),
            ("relative", ""),
        ],
    )
    def test_the_location_of_a_training_changes_once(self, door: Door, location: str, base: str) -> None:
        set_faults(door, {"route": "POST /persongroups/*/train", "location": location})

        response = door.call("POST", "/persongroups/employees/train", headers={"Host": "localhost:1"})

        assert response.headers["operation-location"] == f"{base}/persongroups/employees/training"

    def test_the_location_may_be_missing_though_the_take_goes_on(self, door: Door) -> None:
        set_faults(door, {"route": "POST /snapshots", "location": "missing"})

        response = door.take("FaceList", "watchlist")
        door.advance(21)

        assert response.status_code == 202
        assert "operation-location" not in response.headers
        assert len(door.call("GET", "/snapshots").json()) == 1

    @pytest.mark.parametrize(
        ("location", "name"),
        [("upper", b"OPERATION-LOCATION"), ("lower", b"operation-location"), ("title", b"Operation-Location")],
    )
    def test_the_header_may_be_spelt_in_any_case(self, door: Door, location: str, name: bytes) -> None:
        set_faults(door, {"route": "POST /snapshots", "location": location})

        assert name in [raw for raw, _ in door.take("FaceList", "watchlist").headers.raw]


class TestConnections:
    @pytest.fixture
    def socket(self, live: RunningEmulator) -> Iterator[SocketDoor]:
        door = SocketDoor(live.endpoint)
        yield door
        door.close()

    def test_dropped_before_acting(self, socket: SocketDoor) -> None:
        set_faults(socket, {"route": "POST /snapshots", "drop": "before", "count": 1})

        with pytest.raises(httpx.RemoteProtocolError):
            socket.take("FaceList", "watchlist")

        socket.advance(21)
        assert socket.call("GET", "/snapshots").json() == []

    def test_dropped_after_acting(self, socket: SocketDoor) -> None:
        set_faults(socket, {"route": "POST /snapshots", "drop": "after", "count": 1})

        with pytest.raises(httpx.RemoteProtocolError):
            socket.take("FaceList", "watchlist", userData="lost answer")

        socket.advance(21)
        (snapshot,) = socket.call("GET", "/snapshots").json()
        assert snapshot["userData"] == "lost answer"

    def test_an_error_is_lost_too(self, socket: SocketDoor) -> None:
        set_faults(socket, {"route": "POST /snapshots", "drop": "after"})

        with pytest.raises(httpx.RemoteProtocolError):
            socket.take("FaceList", "nobody")

    def test_a_call_without_a_response_is_recorded(self, socket: SocketDoor, live: RunningEmulator) -> None:
        set_faults(socket, {"route": "GET /persongroups", "drop": "after"})
        with pytest.raises(httpx.RemoteProtocolError):
            socket.call("GET", "/persongroups")

        assert live.requests()["requests"][-1]["status"] is None

    def test_a_truncated_body(self, socket: SocketDoor) -> None:
        set_faults(socket, {"route": "GET /snapshots", "truncate": 5})
        socket.taken("FaceList", "watchlist")

        with pytest.raises(httpx.RemoteProtocolError, match="received 5 bytes"):
            socket.call("GET", "/snapshots")

    def test_other_calls_do_not_wait_during_a_delay(self, live: RunningEmulator) -> None:
        live.faults({"route": "GET /facelists", "delay": HANG_S, "count": 1})
        headers = {"Ocp-Apim-Subscription-Key": live.accounts[0].keys[0]}
        with httpx.Client(base_url=f"{live.endpoint}/face/v1.0", headers=headers) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.get("/facelists", timeout=httpx.Timeout(PATIENCE_S, read=0.1))
            response = client.get("/persongroups", timeout=PATIENCE_S)

        assert response.status_code == 200

    def test_a_delayed_call_takes_effect_without_its_client_only_with_act_always(self, run: Run) -> None:
        live = run()
        live.faults(
            {"route": "PUT /facelists/early", "delay": 0.5},
            {"route": "PUT /facelists/late", "delay": 1, "act": "always"},
        )
        headers = {"Ocp-Apim-Subscription-Key": live.accounts[0].keys[0]}
        with httpx.Client(base_url=f"{live.endpoint}/face/v1.0", headers=headers) as client:
            for name in ("early", "late"):
                with pytest.raises(httpx.ReadTimeout):
                    client.put(f"/facelists/{name}", json={"name": name}, timeout=httpx.Timeout(PATIENCE_S, read=0.1))
            until(lambda: client.get("/facelists/late").status_code == 200, "the delayed call's effect")

            assert client.get("/facelists/early").status_code == 404

    def test_a_delayed_call_gets_its_response(self, socket: SocketDoor) -> None:
        set_faults(socket, {"route": "GET /facelists", "delay": 0.1})
        start = time.monotonic()

        response = socket.call("GET", "/facelists")

        assert response.status_code == 200
        assert time.monotonic() - start > 0.1

    def test_a_running_emulator_sets_and_removes_faults(self, run: Run) -> None:
        live = run()
        live.faults({"route": "* *", "status": 500})
        headers = {"Ocp-Apim-Subscription-Key": live.accounts[0].keys[0]}
        hit = httpx.get(f"{live.endpoint}/face/v1.0/persongroups", headers=headers)
        live.faults()
        free = httpx.get(f"{live.endpoint}/face/v1.0/persongroups", headers=headers)

        assert (hit.status_code, free.status_code) == (500, 200)


class TestSpecs:
    def test_a_spec_and_its_json_give_the_same_fault(self) -> None:
        spec = "POST /snapshots status=429 envelope=gateway retryAfter=7 share=0.5 message='Try again.' count=3"

        assert parse_fault(spec) == fault_from(
            {
                "route": "POST /snapshots",
                "status": 429,
                "envelope": "gateway",
                "retryAfter": 7,
                "share": 0.5,
                "message": "Try again.",
                "count": 3,
            }
        )

    @pytest.mark.parametrize(
        "spec",
        [
            "",
            "POST",
            "POST /snapshots",
            "POST /snapshots status",
            "POST /snapshots status=9",
            "POST /snapshots status=200x",
            "POST /snapshots retryAfter=7",
            "POST /snapshots status=503 count=-1",
            "POST /snapshots status=503 share=2",
            "POST /snapshots drop=sometimes",
            "POST /snapshots location=here",
            "POST /snapshots delay=nan",
            "POST /snapshots delay=5 act=sometimes",
            "POST /snapshots act=always drop=after",
            "POST /snapshots delay=5 act=always drop=before",
            "POST /snapshots delay=5 act=always status=503",
            "POST /snapshots existing=yes",
            "POST /snapshots colour=red status=500",
            "POST /snapshots message='open",
        ],
    )
    def test_a_wrong_spec_is_a_usage_error(self, spec: str) -> None:
        with pytest.raises(UsageError, match="fault"):
            parse_fault(spec)

    @pytest.mark.parametrize("body", [{}, {"route": "GET /x"}, [1], {"route": 5, "status": 500}], ids=str)
    def test_wrong_json_is_refused(self, door: Door, body: object) -> None:
        assert door.control("POST", "/faults", json=body).status_code == 400

    @given(st.text())
    def test_any_spec_is_read_or_refused(self, spec: str) -> None:
        with suppress(UsageError):
            assert isinstance(parse_fault(spec), Fault)

    @given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.floats() | st.lists(st.integers())))
    def test_any_json_is_read_or_refused(self, document: dict[str, object]) -> None:
        for key in ("status", "delay", "drop", "count"):
            value = next(iter(document.values()), None)
            with suppress(UsageError):
                assert isinstance(fault_from({"route": "GET /x", key: value} | document), Fault)
