"""Test keys, versions, content types, tiers, retired and gated services through both doors."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import TARGET, TARGET_KEY, Door, code_of, png, token

MODES = ("gated", "gated-flat")


class TestKeys:
    @pytest.mark.parametrize("key", [None, "", "c0000000000000000000000000000009"])
    def test_a_wrong_key_is_denied(self, door: Door, key: str | None) -> None:
        response = door.call("GET", "/persongroups", key=key)

        assert code_of(response) == (401, "401")
        assert response.json()["error"]["message"].startswith("Access denied due to invalid subscription key or wrong")

    def test_a_bearer_token_is_denied(self, door: Door) -> None:
        response = door.call("GET", "/persongroups", key=None, headers={"Authorization": "Bearer token"})

        assert response.status_code == 401

    def test_accounts_come_from_a_file(self, open_door: Open, tmp_path: Path) -> None:
        file = tmp_path / "accounts.json"
        file.write_text(json.dumps([{"name": "mine", "subscriptionId": TARGET, "keys": ["secret"], "tier": "F0"}]))
        door = open_door(accounts=file)

        assert door.call("GET", "/persongroups", key="secret").status_code == 200
        assert door.call("GET", "/persongroups").status_code == 401


class TestPaths:
    @pytest.mark.parametrize(
        ("version", "snapshots"),
        [
            ("v1.0", 200),
            ("v1.0-preview", 200),
            ("v1.1-preview.1", 404),
            ("v1.2-preview.1", 404),
            ("v1.2", 404),
            ("v1.3-preview.1", 404),
        ],
    )
    def test_every_version_has_objects_and_the_old_ones_have_snapshots(
        self, door: Door, version: str, snapshots: int
    ) -> None:
        prefix = f"/face/{version}"

        assert door.call("GET", "/persongroups/employees", prefix=prefix).status_code == 200
        assert door.call("GET", "/snapshots", prefix=prefix).status_code == snapshots

    @pytest.mark.parametrize("prefix", ["/FACE/V1.0", "//face/v1.0"])
    @pytest.mark.parametrize("path", ["/PersonGroups/employees", "/persongroups/employees/PERSONS"])
    def test_words_of_a_path_compare_without_case(self, door: Door, prefix: str, path: str) -> None:
        assert door.call("GET", path, prefix=prefix).status_code == 200

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("/persongroups/Employees", "PersonGroupNotFound"),
            ("/persongroups/employees%2Fpersons", "PersonGroupNotFound"),
            ("/%E2%84%AA/employees", "404"),
            ("/perſongroups/employees", "404"),
            ("/persongroups/employees/persons/%2e%2e", "PersonNotFound"),
        ],
    )
    def test_ids_keep_their_case_and_their_slashes(self, door: Door, path: str, code: str) -> None:
        assert code_of(door.call("GET", path)) == (404, code)

    def test_a_call_is_recorded_with_the_template_of_its_path(self, door: Door) -> None:
        door.call("GET", "/PersonGroups/employees")

        (call,) = door.control("GET", "/requests").json()["requests"]
        assert (call["path"], call["route"]) == ("/face/v1.0/PersonGroups/employees", "/persongroups/{personGroupId}")

    def test_a_fault_hits_a_path_in_any_case(self, door: Door) -> None:
        door.control("POST", "/faults", json={"route": "GET /persongroups/employees", "status": 503})

        assert door.call("GET", "/PERSONGROUPS/employees").status_code == 503
        assert door.call("GET", "/persongroups/Employees").status_code == 404

    @pytest.mark.parametrize(
        ("method", "path", "prefix"),
        [
            ("GET", "/persongroup/employees", "/face/v1.0"),
            ("GET", "/persongroups/", "/face/v1.0"),
            ("GET", "/snapshots/", "/face/v1.0"),
            ("HEAD", "/persongroups", "/face/v1.0"),
            ("POST", "/persongroups", "/face/v1.0"),
            ("GET", "/persongroups", "/face/v9"),
            ("GET", "/persongroups", "/face"),
            ("GET", "", "/face/v1.0"),
            ("GET", "/persongroups", ""),
        ],
    )
    def test_unknown_paths_and_methods_are_not_found(self, door: Door, method: str, path: str, prefix: str) -> None:
        assert door.call(method, path, prefix=prefix).status_code == 404


class TestBodies:
    @pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "multipart/form-data", ""])
    def test_json_needs_its_content_type(self, door: Door, content_type: str) -> None:
        response = door.call("PUT", "/facelists/x", content=b'{"name": "n"}', headers={"Content-Type": content_type})

        assert code_of(response) == (415, "BadArgument")

    @pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
    def test_the_content_type_may_have_a_charset(self, door: Door, content_type: str) -> None:
        response = door.call("PUT", "/facelists/x", content=b'{"name": "n"}', headers={"Content-Type": content_type})

        assert response.status_code == 200

    def test_an_image_must_be_octets_or_a_url(self, door: Door) -> None:
        response = door.call("POST", "/detect", content=png(1), headers={"Content-Type": "image/png"})

        assert code_of(response) == (415, "BadArgument")

    def test_a_body_that_is_too_long_is_refused(self, door: Door) -> None:
        response = door.call("PUT", "/facelists/x", json={"name": "n", "userData": "u" * 1024 * 1024})

        assert response.status_code == 413

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'"\\ud800"', b'{"name": "\\ud800"}', b"\xff\xfe", b""])
    def test_no_body_causes_a_server_error(self, door: Door, body: bytes) -> None:
        response = door.call("PUT", "/facelists/x", content=body, headers={"Content-Type": "application/json"})

        assert code_of(response) == (400, "BadArgument")


class TestTiers:
    def test_the_free_tier_has_20_calls_a_minute(self, open_door: Open) -> None:
        door = open_door(tier="F0")
        accepted = [door.call("GET", "/persongroups").status_code for _ in range(20)]

        refused = door.call("GET", "/persongroups")

        assert accepted == [200] * 20
        assert code_of(refused) == (429, "429")
        wait_s = int(refused.headers["retry-after"])
        assert refused.json()["error"]["message"] == f"Rate limit is exceeded. Try again in {wait_s} seconds."
        assert 0 < wait_s <= 60
        door.advance(wait_s)
        assert door.call("GET", "/persongroups").status_code == 200

    def test_the_standard_tier_has_10_calls_a_second(self, open_door: Open) -> None:
        door = open_door(tier="S0")
        statuses = [door.call("GET", "/persongroups").status_code for _ in range(10)]

        assert statuses == [200] * 10
        assert door.call("GET", "/persongroups").status_code in (200, 429)  # a slow socket may take a second
        door.advance(1)
        assert door.call("GET", "/persongroups").status_code == 200

    def test_each_account_has_its_own_rate_limit(self, open_door: Open) -> None:
        door = open_door(tier="F0")
        for _ in range(21):
            door.call("GET", "/persongroups")

        assert door.call("GET", "/persongroups", key=TARGET_KEY).status_code == 200

    def test_polls_count_towards_the_rate_limit(self, open_door: Open) -> None:
        door = open_door(tier="F0", seed="demo")
        location = door.take("FaceList", "watchlist").headers["operation-location"]

        statuses = [door.call("GET", location).status_code for _ in range(20)]

        assert statuses == [200] * 19 + [429]

    def test_without_a_chosen_tier_there_is_no_rate_limit(self, door: Door) -> None:
        assert {door.call("GET", "/persongroups").status_code for _ in range(60)} == {200}

    def test_the_free_tier_has_room_for_1000_persons(self, open_door: Open, tmp_path: Path) -> None:
        seed = tmp_path / "seed.json"
        seed.write_text('{"objects": [{"type": "LargePersonGroup", "objectId": "full", "count": 1000}]}')
        free, standard = open_door(seed=str(seed), tier="F0"), open_door(seed=str(seed))

        responses = [
            door.call("POST", "/largepersongroups/full/persons", json={"name": "n"}) for door in (free, standard)
        ]

        assert code_of(responses[0]) == (403, "QuotaExceeded")
        assert responses[1].status_code == 200

    def test_an_account_has_room_for_64_face_lists(self, open_door: Open) -> None:
        door = open_door()
        for number in range(64):
            door.call("PUT", f"/facelists/list{number}", json={"name": "n"})

        response = door.call("PUT", "/facelists/one-more", json={"name": "n"})

        assert code_of(response) == (403, "QuotaExceeded")
        assert response.json()["error"]["message"] == "Face list number reached subscription level limit."


class TestServiceModes:
    def test_a_retired_service_refuses_every_snapshot_post(self, open_door: Open) -> None:
        door = open_door(service="retired", seed="demo")

        assert code_of(door.take("FaceList", "watchlist")) == (403, "UnsupportedFeature")
        assert code_of(door.apply(TARGET)) == (403, "UnsupportedFeature")

    @pytest.mark.parametrize("path", ["/snapshots", f"/snapshots/{TARGET}", f"/operations/{TARGET}"])
    def test_other_requests_for_snapshots_of_a_retired_service_are_not_found(self, open_door: Open, path: str) -> None:
        assert code_of(open_door(service="retired").call("GET", path)) == (404, "404")

    def test_a_retired_service_still_has_objects(self, open_door: Open) -> None:
        door = open_door(service="retired", seed="demo")

        assert door.call("GET", "/persongroups/employees").status_code == 200

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/snapshots", {"type": "FaceList", "objectId": "watchlist", "applyScope": [TARGET]}),
            ("POST", f"/snapshots/{TARGET}/apply", {"objectId": "copy"}),
            ("POST", "/identify", {"faceIds": [TARGET], "personGroupId": "employees"}),
            ("POST", "/verify", {"faceId1": TARGET, "faceId2": TARGET}),
            ("POST", "/group", {"faceIds": [TARGET, TARGET]}),
            ("POST", "/findsimilars", {"faceId": TARGET, "faceIds": [TARGET]}),
            ("PUT", "/persongroups/mine", {"name": "Mine"}),
            ("GET", "/largefacelists/archive/persistedfaces", None),
            ("POST", "/detect", {"url": "http://127.0.0.1:9/"}),
        ],
    )
    def test_without_approval_the_inner_error_says_why(
        self, open_door: Open, method: str, path: str, body: object
    ) -> None:
        nested, flat = (open_door(service=mode, seed="demo").call(method, path, json=body) for mode in MODES)

        assert code_of(nested) == (403, "InvalidRequest")
        inner = nested.json()["error"]["innererror"]
        assert inner["code"] == "UnsupportedFeature"
        assert "missing approval" in inner["message"]
        assert (flat.status_code, flat.json()["error"]) == (403, inner)

    def test_without_approval_faces_are_detected_without_ids(self, open_door: Open) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        door = open_door(service="gated")

        response = door.call("POST", "/detect?returnFaceId=false", content=png(1), headers=headers)

        assert response.status_code == 200
        assert door.call("GET", "/snapshots").json() == []


class TestLoose:
    def test_unknown_versions_parameters_and_members_are_accepted(self, open_door: Open) -> None:
        door = open_door(seed="demo", loose=True)
        body = {"name": "Mine", "colour": "blue"}

        assert door.call("PUT", "/persongroups/mine?verbose=1", prefix="/face/v9", json=body).status_code == 200
        assert door.call("GET", "/persongroups/mine").json() == {"personGroupId": "mine", "name": "Mine"}
        assert door.call("GET", "/snapshots", prefix="/face/v9").status_code == 200
        assert door.call("GET", "/snapshots", prefix="/face/v1.2").status_code == 404

    def test_members_that_are_null_count_as_absent(self, door: Door) -> None:
        body = {"name": "Mine", "userData": None, "recognitionModel": None, "colour": None}

        assert door.call("PUT", "/persongroups/mine", json=body).status_code == 200


class TestHeaders:
    def test_an_error_has_its_code_in_a_header(self, door: Door) -> None:
        response = door.call("GET", "/persongroups/nobody")

        assert response.headers["x-ms-error-code"] == "PersonGroupNotFound"

    def test_every_response_has_an_id_of_its_own(self, door: Door) -> None:
        ids = [door.call("GET", path).headers["apim-request-id"] for path in ("/persongroups", "/nowhere")]

        assert all(UUID(one) for one in ids)
        assert len(set(ids)) == 2

    @pytest.mark.parametrize(("sent", "echoed"), [("abc-1", "abc-1"), ("a b", None), ("x" * 129, None)])
    def test_the_clients_id_comes_back(self, door: Door, sent: str, echoed: str | None) -> None:
        response = door.call("GET", "/persongroups", headers={"x-ms-client-request-id": sent})

        assert response.headers.get("x-ms-client-request-id") == echoed


class TestLocation:
    """The Operation-Location of a training is at the URL that the client used."""

    def location(self, door: Door, **headers: str) -> str:
        """Train a group with these headers, `_` for `-`, and return where."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        response = door.call("POST", "/persongroups/employees/train", headers=given)
        assert response.status_code == 202
        return str(response.headers["operation-location"]).removesuffix("/face/v1.0/persongroups/employees/training")

    @pytest.mark.parametrize("host", ["localhost:99", "[::1]:99", "facesnap-emulator.localhost"])
    def test_it_has_the_clients_host(self, door: Door, host: str) -> None:
        assert self.location(door, host=host) == f"http://{host}"

    @pytest.mark.parametrize(
        ("headers", "location"),
        [
            ({"x_forwarded_proto": "https"}, "https://localhost"),
            ({"x_forwarded_proto": "https", "x_forwarded_host": "face.test"}, "https://face.test"),
            ({"x_forwarded_host": "face.test, localhost"}, "http://face.test"),
            ({"x_forwarded_proto": "https", "x_forwarded_port": "8443"}, "https://localhost:8443"),
            ({"x_forwarded_proto": "https", "x_forwarded_port": "443"}, "https://localhost"),
            (
                {"forwarded": 'for=1.2.3.4;proto=https;host="face.test:8443", for=x;host=other'},
                "https://face.test:8443",
            ),
        ],
        ids=str,
    )
    def test_behind_a_proxy_it_is_what_the_proxy_saw(
        self, open_door: Open, headers: dict[str, str], location: str
    ) -> None:
        door = open_door(seed="demo", allowed_hosts=("face.test",))

        assert self.location(door, host="localhost", **headers) == location

    @pytest.mark.parametrize(
        "headers",
        [
            {"x_forwarded_host": "evil.example"},
            {"x_forwarded_host": "localhost/path"},
            {"x_forwarded_host": "user@localhost"},
            {"x_forwarded_proto": "javascript"},
            {"x_forwarded_port": "80/x"},
            {"forwarded": "host=evil.example"},
            {"forwarded": 'host="evil'},
            {"forwarded": "=;;,"},
        ],
        ids=str,
    )
    def test_other_hosts_of_a_proxy_are_ignored(self, door: Door, headers: dict[str, str]) -> None:
        assert self.location(door, host="localhost", **headers) == "http://localhost"


class TestTokens:
    """`--oauth basic` checks the form, the issuer, the audience and the expiry of a token."""

    def call(self, door: Door, token: str, **headers: str) -> httpx.Response:
        """Call with a token."""
        return door.call("GET", "/persongroups", key=None, headers={"Authorization": f"Bearer {token}"} | headers)

    def test_a_token_opens_the_first_account(self, open_door: Open) -> None:
        door = open_door(oauth="basic", seed="demo")

        assert [group["personGroupId"] for group in self.call(door, token()).json()] == ["employees"]
        assert door.call("GET", "/persongroups").status_code == 200

    def test_a_host_name_chooses_the_account(self, open_door: Open) -> None:
        door = open_door(oauth="basic", seed="demo")

        response = self.call(door, token(), Host="facesnap-emulator-target.localhost")

        assert (response.status_code, response.json()) == (200, [])

    def test_tokens_need_the_option(self, door: Door) -> None:
        assert self.call(door, token()).status_code == 401

    @pytest.mark.parametrize(
        "bad",
        [
            "token",
            "a.b.c",
            "..",
            token(algorithm="none"),
            token(algorithm="HS256"),
            token(algorithm=["RS256"]),
            token(signature=""),
            token(signature="!"),
            token(iss="https://sts.windows.net.evil.example/72f988bf-86f1-41af-91ab-2d7cd011db47/"),
            token(iss=None),
            token(aud="https://management.azure.com"),
            token(aud=["https://cognitiveservices.azure.com"]),
            token(exp=1),
            token(exp=None),
            token(exp=float("nan")),
            token(exp=10**400),
            token(exp="99999999999"),
            token(nbf=9_999_999_999),
            token() + "x" * 20_000,
        ],
        ids=[str(number) for number in range(19)],
    )
    def test_other_tokens_are_denied(self, open_door: Open, bad: str) -> None:
        response = self.call(open_door(oauth="basic"), bad)

        assert code_of(response) == (401, "401")

    def test_a_denied_token_is_not_repeated(self, open_door: Open) -> None:
        bad = token(exp=1)

        response = self.call(open_door(oauth="basic"), bad)

        assert "it has expired" in response.text
        assert bad not in response.text
