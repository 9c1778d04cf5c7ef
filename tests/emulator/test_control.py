"""Test /_emulator, which shows and controls the emulator, through both doors."""

from __future__ import annotations

import pytest

from tests.emulator.doors import Door


class TestGuard:
    """A browser sends requests for any web page. The emulator must refuse them."""

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:8765", "null"])
    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/reset"), ("POST", "/clock"), ("POST", "/faults"), ("GET", "/health")]
    )
    def test_a_web_page_cannot_control_it(self, door: Door, method: str, path: str, origin: str) -> None:
        response = door.control(method, path, headers={"Origin": origin, "Content-Type": "text/plain"}, content=b"{}")
        assert (response.status_code, response.json()["error"]["code"]) == (403, "Forbidden")

    def test_a_web_page_cannot_make_it_fetch_an_image(self, door: Door) -> None:
        url = {"url": "http://169.254.169.254/latest"}
        assert door.call("POST", "/detect", json=url, headers={"Origin": "https://evil.example"}).status_code == 403

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost."])
    def test_another_host_name_is_refused(self, door: Door, host: str) -> None:
        assert door.control("GET", "/health", headers={"Host": host}).status_code == 403

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765", "[::1]"])
    def test_this_machines_own_names_are_accepted(self, door: Door, host: str) -> None:
        assert door.control("GET", "/health", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("seconds", ["1e300", "315360001", "NaN", "Infinity"])
    def test_the_clock_is_moved_by_ten_years_at_most(self, door: Door, seconds: str) -> None:
        assert door.control("POST", "/clock", content=f'{{"advance": {seconds}}}'.encode()).status_code == 400
        assert door.control("GET", "/clock").status_code == 200

    def test_the_clock_stays_within_a_century(self, door: Door) -> None:
        responses = [door.control("POST", "/clock", json={"advance": 315_360_000}).status_code for _ in range(11)]
        assert responses == [200] * 10 + [400]

    def test_a_number_of_a_thousand_digits_is_invalid(self, door: Door) -> None:
        assert door.control("GET", f"/requests?since={'9' * 5000}").status_code == 400


class TestHealth:
    def test_it_says_how_the_emulator_was_started(self, door: Door) -> None:
        assert door.control("GET", "/health").json() == {
            "status": "ok",
            "dialect": "2021-03",
            "service": "available",
            "tier": None,
            "accounts": ["facesnap-emulator", "facesnap-emulator-target"],
        }


class TestRequests:
    def test_every_call_is_recorded(self, door: Door) -> None:
        door.call("GET", "/persongroups?top=5")
        door.call("GET", "/persongroups/nobody", key="b0000000000000000000000000000002")
        door.call("GET", "/nowhere", key=None)

        calls = door.control("GET", "/requests").json()

        first, second, third = calls["requests"]
        assert first.pop("time").endswith("Z")
        assert first == {
            "number": 1,
            "method": "GET",
            "path": "/face/v1.0/persongroups",
            "query": "top=5",
            "account": "facesnap-emulator",
            "route": "/persongroups",
            "status": 200,
        }
        assert (second["account"], second["route"]) == ("facesnap-emulator-target", "/persongroups/{personGroupId}")
        assert (third["account"], third["route"], third["status"]) == (None, None, 404)
        assert calls["total"] == 3
        assert calls["counts"] == {
            "GET /face/v1.0/nowhere": 1,
            "GET /persongroups": 1,
            "GET /persongroups/{personGroupId}": 1,
        }

    def test_refused_calls_are_recorded_too(self, door: Door) -> None:
        door.call("GET", "/persongroups", key="wrong")

        (call,) = door.control("GET", "/requests").json()["requests"]

        assert (call["status"], call["account"]) == (401, None)

    def test_keys_are_not_recorded(self, door: Door) -> None:
        door.call("GET", "/persongroups", key="wrong-key")
        door.call("GET", "/persongroups")

        shown = door.control("GET", "/requests").text

        assert "wrong-key" not in shown
        assert "a0000000000000000000000000000001" not in shown

    def test_since_selects_the_later_calls(self, door: Door) -> None:
        for _ in range(3):
            door.call("GET", "/persongroups")

        later = door.control("GET", "/requests?since=2").json()

        assert [call["number"] for call in later["requests"]] == [3]
        assert later["total"] == 3
        assert door.control("GET", "/requests?since=x").status_code == 400

    def test_the_record_can_be_deleted(self, door: Door) -> None:
        door.call("GET", "/persongroups")

        assert door.control("DELETE", "/requests").json() == {"total": 0, "counts": {}, "requests": []}


class TestClock:
    def test_it_moves_forward(self, door: Door) -> None:
        before = door.control("GET", "/clock").json()["now"]

        after = door.control("POST", "/clock", json={"advance": 86400}).json()["now"]

        assert before[:10] != after[:10]

    @pytest.mark.parametrize("body", [b"", b"7", b'{"advance": -1}', b'{"advance": "1"}', b'{"advance": 1e999}', b"{}"])
    def test_other_moves_are_refused(self, door: Door, body: bytes) -> None:
        assert door.control("POST", "/clock", content=body).status_code == 400


class TestReset:
    def test_a_reset_restores_the_start(self, door: Door) -> None:
        door.taken("FaceList", "watchlist")
        door.call("DELETE", "/persongroups/employees")
        door.advance(86_400)
        door.control("POST", "/reset")

        calls = door.control("GET", "/requests").json()
        snapshots = door.call("GET", "/snapshots").json()

        assert calls["total"] == 0
        assert snapshots == []
        assert door.call("GET", "/persongroups/employees").status_code == 200

    def test_a_reset_restores_the_quota(self, door: Door) -> None:
        for _ in range(100):
            door.take("FaceList", "watchlist")
        door.control("POST", "/reset")

        assert door.take("FaceList", "watchlist").status_code == 202


class TestImages:
    def test_a_seeded_face_has_its_image(self, door: Door) -> None:
        response = door.control("GET", "/images/aedf5519-0002-4001-8000-000000000001")

        assert response.headers["content-type"] == "image/png"
        assert 1024 <= len(response.content) < 10_000
        assert response.content.startswith(b"\x89PNG\r\n\x1a\n")

    @pytest.mark.parametrize("face", ["aedf5519-0002-4001-8000-0000000000ff", "nonsense"])
    def test_other_faces_have_no_image(self, door: Door, face: str) -> None:
        assert door.control("GET", f"/images/{face}").status_code == 404
