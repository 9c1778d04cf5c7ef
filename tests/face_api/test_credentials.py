"""Keys that are rotated, tokens that expire, and the endpoints that each may go to."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import ModuleType, SimpleNamespace

import pytest

from facesnap_cli.common.secret import Secret
from facesnap_cli.emulator.http_server import RunningEmulator
from facesnap_cli.face_api.credentials import KeyCredential
from facesnap_cli.face_api.entra import EntraCredential
from tests.conftest import LinkedClock, Program
from tests.hostile.server import CERTIFICATE, answer, serving
from tests.hostile.tunnel import tunnelling
from tests.support.keys import KEY, SECOND_KEY, WRONG_KEY, configured, refused


def profile(endpoint: str) -> str:
    """Return a configuration of one profile that authenticates with Entra ID."""
    return f'[profiles.prod]\nendpoint = "{endpoint}"\nauth = "entra"\n'


class TestSecondKey:
    def test_it_is_used_when_the_first_is_refused_and_for_the_rest_of_the_run(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        configured(made, emulator, f'key = "{WRONG_KEY}"', 'key2_env = "SECOND"')
        taken = made.run("take", "-t", "PersonGroup", "-i", "employees", "-q", "-o", "id", SECOND=SECOND_KEY)
        assert taken.status == 0
        assert [call["status"] for call in emulator.requests()["requests"]].count(401) == 1

    def test_it_is_taken_up_in_the_middle_of_a_wait_by_all_threads_at_once(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        configured(made, emulator, 'key_env = "FIRST"', 'key2_env = "SECOND"')
        for object_type, object_id in (("PersonGroup", "employees"), ("LargePersonGroup", "visitors")):
            arguments = ("take", "-t", object_type, "-i", object_id, "--no-wait")
            assert made.run(*arguments, FIRST=KEY, SECOND=SECOND_KEY).status == 0
        result = made.run("wait", "-q", "-o", "json", FIRST=WRONG_KEY, SECOND=SECOND_KEY)
        assert (result.status, result.err) == (0, "")
        assert {one["status"] for one in result.json} == {"succeeded"}

    def test_the_change_over_is_noted_once(self, made: Program, emulator: RunningEmulator) -> None:
        configured(made, emulator, f'key = "{WRONG_KEY}"', 'key2_env = "SECOND"')
        listed = made.run("list", "-o", "json", SECOND=SECOND_KEY)
        assert (listed.status, listed.out) == (0, "[]\n")
        assert listed.err == "profile prod: the first key was refused (401); going on with the second\n"

    def test_both_refused_is_exit_4_and_says_so(self, made: Program, emulator: RunningEmulator) -> None:
        configured(made, emulator, f'key = "{WRONG_KEY}"', f'key2 = "{WRONG_KEY[::-1]}"')
        refused(made.run("list"), "the service refuses both keys of profile prod (401)")
        assert [call["status"] for call in emulator.requests()["requests"]] == [401, 401]

    def test_one_that_cannot_be_read_when_it_is_needed_gives_its_reason(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        configured(made, emulator, f'key = "{WRONG_KEY}"', 'key2_file = "missing"')
        refused(made.run("list"), "the first key was refused (401)", "missing", "No such file")

    def test_many_threads_switch_exactly_once(self) -> None:
        read: list[str] = []

        def source(text: str) -> Callable[[], Secret]:
            def reading() -> Secret:
                read.append(text)
                return Secret(text)

            return reading

        credential = KeyCredential([source("one"), source("two")])
        everybody = Barrier(16)

        def refuse(number: int) -> tuple[bool, str]:
            secret = credential.header()[1]
            everybody.wait()
            return credential.refused(secret), credential.header()[1].reveal()

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(refuse, range(16))) == {(True, "two")}
        assert read == ["one", "two"]
        assert not credential.refused(credential.header()[1])


class TestKeyAndEndpoint:
    def test_a_profiles_key_does_not_go_to_the_environments_endpoint(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        configured(made, emulator, f'key = "{KEY}"')
        refused(made.run("list", FACESNAP_ENDPOINT="https://evil.invalid"), "a key goes to its own endpoint alone")

    @pytest.mark.parametrize("line", [f'key = "{KEY}"', 'key_env = "FACE_KEY"', "keyring = true", 'auth = "entra"'])
    def test_nor_does_one_of_a_profile_without_an_endpoint(
        self, made: Program, emulator: RunningEmulator, line: str
    ) -> None:
        made.write_config(f"[profiles.prod]\n{line}\n")
        refused(made.run("list", FACESNAP_ENDPOINT=emulator.endpoint, FACE_KEY=KEY), "a key goes to its own endpoint")

    def test_the_same_endpoint_may_be_named_twice(self, made: Program, emulator: RunningEmulator) -> None:
        configured(made, emulator, f'key = "{KEY}"')
        assert made.run("list", FACESNAP_ENDPOINT=f"{emulator.endpoint}/").status == 0

    def test_the_environments_key_goes_to_the_environments_endpoint(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        configured(made, emulator, f'key = "{WRONG_KEY}"')
        assert made.run("list", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=KEY).status == 0

    def test_a_profiles_second_key_does_not_follow_the_environments(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        configured(made, emulator, f'key = "{KEY}"', f'key2 = "{SECOND_KEY}"')
        refused(made.run("list", FACESNAP_ENDPOINT=emulator.endpoint, FACESNAP_KEY=WRONG_KEY), "401")
        assert len(emulator.requests()["requests"]) == 1

    def test_the_published_keys_of_the_emulator_go_to_this_machine_alone(
        self, made: Program, emulator: RunningEmulator
    ) -> None:
        assert made.run("list", "-p", "emulator", FACESNAP_ENDPOINT=emulator.endpoint).status == 0
        refused(made.run("list", "-p", "emulator", FACESNAP_ENDPOINT="https://evil.invalid"), "its own endpoint alone")


class TestEntra:
    """DefaultAzureCredential is replaced: what is tested is how facesnap keeps, renews and sends its tokens."""

    @pytest.fixture
    def tokens(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        asked: list[str] = []
        clock = SimpleNamespace(lifetime_s=3600.0)

        class DefaultAzureCredential:
            def get_token(self, scope: str) -> SimpleNamespace:
                asked.append(scope)
                return SimpleNamespace(token=f"token-number-{len(asked):06}", expires_on=time.time() + clock.lifetime_s)

        module = ModuleType("azure.identity")
        module.DefaultAzureCredential = DefaultAzureCredential  # type: ignore[attr-defined]  # a stand-in
        monkeypatch.setitem(sys.modules, "azure.identity", module)
        return asked

    def test_a_token_is_sent_as_bearer_and_fetched_once(self, made: Program, tokens: list[str]) -> None:
        with serving(lambda request: answer(200, []), tls=True) as server, tunnelling() as tunnel:
            made.write_config(profile(f"https://name.cognitiveservices.azure.com:{server.authority.split(':')[1]}"))
            listing = ("list", "--proxy", tunnel.url, "--ca-bundle", str(CERTIFICATE), "-o", "json")
            result = made.run(*listing, "--debug")
        assert (result.status, result.out) == (0, "[]\n")
        assert "> Authorization: ***" in result.err
        assert "token-number" not in result.err
        assert tokens == ["https://cognitiveservices.azure.com/.default"]
        assert [request.headers["authorization"] for request in server.received] == ["Bearer token-number-000001"]

    def test_a_token_is_kept_until_shortly_before_it_expires(self, tokens: list[str]) -> None:
        clock = LinkedClock()
        credential = EntraCredential("https://name.cognitiveservices.azure.us", clock)
        first = credential.header()[1].reveal()
        clock.sleep(3000)
        assert credential.header()[1].reveal() == first
        clock.sleep(400)
        assert credential.header()[1].reveal() != first
        assert tokens == ["https://cognitiveservices.azure.us/.default"] * 2

    def test_a_refused_token_is_renewed_once_and_not_at_once(self, tokens: list[str]) -> None:
        clock = LinkedClock()
        credential = EntraCredential("https://name.cognitiveservices.azure.com", clock)
        assert not credential.refused(credential.header()[1])
        clock.sleep(120)
        assert credential.refused(credential.header()[1])
        assert not credential.refused(credential.header()[1])
        assert len(tokens) == 2

    @pytest.mark.parametrize(
        "endpoint",
        [
            "https://westeurope.api.cognitive.microsoft.com",
            "https://evil.invalid",
            "https://cognitiveservices.azure.com.evil.invalid",
            "https://xcognitiveservices.azure.com",
            "http://127.0.0.1:8765",
            "https://localhost:8765",
        ],
    )
    def test_no_token_goes_to_a_host_that_takes_none(self, made: Program, tokens: list[str], endpoint: str) -> None:
        made.write_config(profile(endpoint))
        refused(made.run("list"), "custom subdomain")
        assert tokens == []

    def test_a_missing_extra_is_named(self, made: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "azure.identity", None)
        made.write_config(profile("https://name.cognitiveservices.azure.com"))
        refused(made.run("list"), "facesnap-cli[entra]")

    @pytest.mark.parametrize(
        ("attempts", "reason"),
        [
            ("AzureCliCredential: Azure CLI not found on path", "Entra ID failed: DefaultAzureCredential"),
            (
                "EnvironmentCredential: AADSTS7000215: Invalid client secret",
                "Entra ID failed: EnvironmentCredential: AAD",
            ),
        ],
    )
    def test_one_that_fails_gives_its_reason_and_what_to_do_and_no_log(
        self, made: Program, tokens: list[str], monkeypatch: pytest.MonkeyPatch, attempts: str, reason: str
    ) -> None:
        def fail(self: object, scope: str) -> None:
            logging.getLogger("azure.identity._credentials.chained").warning("a long log")
            raise ValueError(f"DefaultAzureCredential failed to retrieve a token\nAttempted credentials:\n\t{attempts}")

        monkeypatch.setattr(sys.modules["azure.identity"].DefaultAzureCredential, "get_token", fail)
        monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own
        made.write_config(profile("https://name.cognitiveservices.azure.com"))
        result = made.run("list")
        refused(result, reason, "az login", "AZURE_CLIENT_ID")
        assert "a long log" not in result.err
