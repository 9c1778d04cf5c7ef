"""Test HTTPS, certificates, host names and logs on a socket."""

from __future__ import annotations

import shutil
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.http_server import RunningEmulator, running
from facesnap_cli.emulator.options import EmulatorOptions
from tests.emulator.conftest import Run
from tests.support.waiting import PATIENCE_S, until

HOSTILE = Path(__file__).parent.parent / "hostile"
KEY = {"Ocp-Apim-Subscription-Key": "a0000000000000000000000000000001"}
with_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


def status_over_tls(endpoint: str, authority: Path) -> int:
    """Return the status of a call whose client trusts `authority` alone."""
    trusted = ssl.create_default_context(cafile=authority)
    return httpx.get(f"{endpoint}/face/v1.0/persongroups", headers=KEY, verify=trusted).status_code


def raw(emulator: RunningEmulator, *pieces: bytes) -> bytes:
    """Send bytes and return the beginning of what comes back."""
    url = httpx.URL(emulator.endpoint)
    with socket.create_connection((url.host, url.port or 0), PATIENCE_S) as client:
        with suppress(ConnectionError):  # the server may respond and close before it has everything
            for piece in pieces:
                client.sendall(piece)
        return client.recv(200)


class TestCertificates:
    @with_openssl
    def test_a_self_made_certificate_is_for_this_machine_and_kept_with_the_data(self, tmp_path: Path) -> None:
        options = EmulatorOptions(port=0, https=True, data=tmp_path / "data", allowed_hosts=("face.test",))
        made = []
        for _ in range(2):
            with running(options) as emulator:
                assert emulator.cert is not None
                made.append(emulator.cert.read_bytes())
                for host in ("127.0.0.1", "localhost"):
                    endpoint = emulator.endpoint.replace("127.0.0.1", host)
                    assert status_over_tls(endpoint, emulator.cert) == 200

        assert made[0] == made[1]
        assert (tmp_path / "data" / "certificate.key").stat().st_mode & 0o077 == 0

    def test_a_given_certificate_is_served(self) -> None:
        options = EmulatorOptions(port=0, cert=HOSTILE / "localhost.pem", key=HOSTILE / "localhost.key.pem")
        with running(options) as emulator:
            endpoint = emulator.endpoint.replace("127.0.0.1", "localhost")

            assert status_over_tls(endpoint, HOSTILE / "localhost.pem") == 200

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            (EmulatorOptions(port=0, key=HOSTILE / "localhost.key.pem"), "--key needs --cert"),
            (EmulatorOptions(port=0, cert=Path("missing.pem")), "cannot be read"),
            (EmulatorOptions(port=0, cert=HOSTILE / "localhost.pem"), "cannot be used with the key"),
            (EmulatorOptions(port=0, cert=Path(__file__)), "cannot be used with the key"),
        ],
        ids=["key alone", "missing", "without a key", "no certificate"],
    )
    def test_a_wrong_certificate_is_a_usage_error(self, options: EmulatorOptions, complaint: str) -> None:
        with pytest.raises(UsageError, match=complaint), running(options):
            pass

    def test_without_openssl_it_says_what_to_give(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: None)

        with pytest.raises(UsageError) as caught, running(EmulatorOptions(port=0, https=True)):
            pass
        assert "--cert" in str(caught.value.hint)


class TestHostNames:
    @pytest.mark.parametrize("host", ["face:8765", "127.0.0.1:1", "172.17.0.2", "localhost"])
    def test_a_container_answers_to_its_names(self, run: Run, host: str) -> None:
        emulator = run(host="0.0.0.0", allowed_hosts=("face",))

        assert httpx.get(f"{emulator.endpoint}/_emulator/health", headers={"Host": host}).status_code == 200

    def test_other_names_of_a_container_are_refused(self, run: Run) -> None:
        emulator = run(host="0.0.0.0", allowed_hosts=("face",))

        assert httpx.get(f"{emulator.endpoint}/_emulator/health", headers={"Host": "evil.example"}).status_code == 403

    def test_a_name_with_a_port_is_a_usage_error(self) -> None:
        with pytest.raises(UsageError, match="--allow-host"), running(EmulatorOptions(port=0, allowed_hosts=("a/b",))):
            pass

    @pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
    @pytest.mark.parametrize("host", ["::1", "[::1]"])
    def test_an_address_of_ipv6_may_have_brackets(self, run: Run, host: str) -> None:
        try:
            emulator = run(host=host)
        except UsageError as error:
            pytest.skip(f"needs IPv6: {error.message}")

        assert emulator.endpoint.startswith("http://[::1]:")
        assert httpx.get(f"{emulator.endpoint}/_emulator/health").status_code == 200


class TestLogs:
    def test_the_access_log_has_a_line_a_request_without_the_key(self, run: Run, tmp_path: Path) -> None:
        log = tmp_path / "access.log"
        emulator = run(access_log=log)
        httpx.get(f"{emulator.endpoint}/face/v1.0/persongroups/x%0Ay?%1B=1", headers=KEY)

        until(lambda: log.read_text().count("\n") == 1, "the line")
        line = log.read_text()
        assert " 127.0.0.1 facesnap-emulator GET /face/v1.0/persongroups/x%0Ay?%1B=1 400 " in line
        assert KEY["Ocp-Apim-Subscription-Key"] not in line
        assert log.stat().st_mode & 0o077 == 0

    def test_debug_prints_everything_but_the_key(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        emulator = run(debug=True)
        httpx.put(f"{emulator.endpoint}/face/v1.0/facelists/x", headers=KEY, json={"name": "\u202e"})

        printed = ""

        def has_ended() -> bool:
            nonlocal printed
            printed += capsys.readouterr().err
            return "< apim-request-id" in printed

        until(has_ended, "the response")
        assert "> PUT /face/v1.0/facelists/x" in printed
        assert "ocp-apim-subscription-key: ***" in printed
        assert KEY["Ocp-Apim-Subscription-Key"] not in printed
        assert "\u202e" not in printed


class TestHostileRequests:
    HEAD = b"POST /face/v1.0/identify HTTP/1.1\r\nHost: localhost\r\n"

    @pytest.mark.parametrize(
        "pieces",
        [
            (HEAD, b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            (HEAD, b"Content-Length: 4\r\nContent-Length: 9\r\n\r\n"),
            (HEAD, b"X: a\r\n b\r\n\r\n"),
            (HEAD, b"Host: evil.example\r\n\r\n"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),),
            (HEAD, b"X: " + b"a" * 400_000),
            (HEAD, *[b"X: " + b"a" * 1000 + b"\r\n"] * 70),
        ],
        ids=["two lengths", "another length", "folded", "two hosts", "TLS", "endless header", "many headers"],
    )
    def test_what_two_servers_could_read_differently_is_refused(
        self, live: RunningEmulator, pieces: tuple[bytes, ...]
    ) -> None:
        assert raw(live, *pieces).startswith(b"HTTP/1.1 400 ")
        assert httpx.get(f"{live.endpoint}/_emulator/health").status_code == 200
