"""Certificates, authorities and proxies: the key goes through TLS to its endpoint, or not at all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile.conftest import KEY, Victim
from tests.hostile.server import CERTIFICATE, HostileServer, always, answer, serving
from tests.hostile.tunnel import tunnelling

VictimOf = Callable[..., Victim]
PASSWORD = "s3cret-of-the-proxy"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def proxy() -> Iterator[HostileServer]:
    with serving(always(b"HTTP/1.1 502 Cannot\r\nContent-Length: 0\r\n\r\n")) as server:
        yield server


def test_a_certificate_of_an_unknown_authority_is_refused_and_explained(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []), tls=True)
    result = victim.run("list")
    assert (result.status, result.out) == (9, "")
    assert "CERTIFICATE_VERIFY_FAILED" in result.err
    assert "--ca-bundle" in result.err
    assert victim.server.received == []


def test_a_take_that_fails_at_the_certificate_was_never_sent(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(202), tls=True)
    result = victim.run("take", "-t", "PersonGroup", "-i", "employees")
    assert result.status == 9
    assert victim.run("status", "-o", "json").json == []


def test_ca_bundle_names_the_authority_to_trust(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []), tls=True)
    result = victim.run("list", "--ca-bundle", str(CERTIFICATE), "-o", "json")
    assert (result.status, result.out, result.err) == (0, "[]\n", "")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_an_environment_cannot_name_the_authority_to_trust(
    victim_of: VictimOf, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificates = tmp_path / "authorities"
    certificates.mkdir()
    (certificates / f"{_hash_of(CERTIFICATE)}.0").write_bytes(CERTIFICATE.read_bytes())
    monkeypatch.setenv(variable, str(CERTIFICATE if variable == "SSL_CERT_FILE" else certificates))
    victim = victim_of(lambda request: answer(200, []), tls=True)
    with tunnelling() as tunnel:
        monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
        result = victim.run("list")
    assert result.status == 9
    assert "--ca-bundle" in result.err
    assert victim.server.received == []


@pytest.mark.parametrize("bundle", [(), ("--ca-bundle", str(CERTIFICATE))])
def test_no_sessions_keys_are_written_down(
    victim_of: VictimOf, bundle: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    assert victim_of(lambda request: answer(200, []), tls=True).run("list", *bundle).status == (0 if bundle else 9)
    assert not log.exists() or "CLIENT" not in log.read_text()


def _hash_of(certificate: Path) -> str:
    """Return the name under which OpenSSL looks for an authority in a directory."""
    command = ["openssl", "x509", "-in", str(certificate), "-noout", "-hash"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_certificate_for_another_host_is_refused(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []), tls=True)
    config = victim.program.directory / "config.toml"
    config.write_text(config.read_text().replace("//localhost:", "//127.0.0.1:"))
    result = victim.run("list", "--ca-bundle", str(CERTIFICATE))
    assert result.status == 9
    assert "127.0.0.1" in result.err
    assert victim.server.received == []


def test_a_server_without_tls_at_an_https_endpoint_is_explained(victim_of: VictimOf) -> None:
    victim = victim_of(always(), greeting=b"HTTP/1.1 400 No\r\n\r\n")
    config = victim.program.directory / "config.toml"
    config.write_text(config.read_text().replace("http://", "https://"))
    result = victim.run("list")
    assert result.status == 9
    assert "does not speak TLS" in result.err
    assert KEY.encode() not in victim.server.seen


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.write_text("not a certificate"), "cannot be used"),
        (lambda path: path.mkdir(), "it is not a regular file"),
        (lambda path: path.write_bytes(b"\x00\xff" * 100), "cannot be used"),
    ],
    ids=["missing", "no certificate", "directory", "binary"],
)
def test_a_ca_bundle_that_cannot_be_used_is_named(
    victim_of: VictimOf, tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    make(bundle)
    victim = victim_of(lambda request: answer(200, []))
    result = victim.run("list", "--ca-bundle", str(bundle))
    assert (result.status, result.out) == (13, "")
    assert f"--ca-bundle {bundle}" in result.err
    assert reason in result.err
    assert victim.server.received == []


def test_a_proxy_sees_the_host_of_a_tls_endpoint_and_no_key(victim_of: VictimOf, proxy: HostileServer) -> None:
    victim = victim_of(lambda request: answer(200, []), tls=True)
    url = f"http://user:{PASSWORD}@{proxy.authority}"
    result = victim.run("list", "--proxy", url, "--debug")
    assert result.status == 9
    assert "502" in result.err
    assert [request.method for request in proxy.received] == ["CONNECT"]
    assert KEY.encode() not in proxy.seen
    assert PASSWORD not in result.out + result.err


def test_a_tunnel_through_a_proxy_reaches_the_endpoint(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []), tls=True)
    with tunnelling() as tunnel:
        result = victim.run("list", "--proxy", tunnel.url, "--ca-bundle", str(CERTIFICATE), "-o", "json")
    assert (result.status, result.out) == (0, "[]\n")
    assert tunnel.connections == 1
    assert KEY.encode() not in tunnel.seen


def test_a_proxy_that_wants_a_password_is_explained(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []), tls=True)
    with serving(always(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")) as proxy:
        result = victim.run("list", "--proxy", proxy.endpoint)
    assert result.status == 9
    assert "the proxy wants a user and a password" in result.err


def test_the_environments_proxy_is_used_for_tls(
    victim_of: VictimOf, proxy: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
    assert victim_of(lambda request: answer(200, []), tls=True).run("list").status == 9
    assert proxy.connections == 1


def test_no_proxy_is_obeyed(victim_of: VictimOf, proxy: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
    monkeypatch.setenv("NO_PROXY", "localhost")
    result = victim_of(lambda request: answer(200, []), tls=True).run("list", "--ca-bundle", str(CERTIFICATE))
    assert result.status == 0
    assert proxy.connections == 0


def test_the_environments_proxy_never_sees_a_request_without_tls(
    victim_of: VictimOf, proxy: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.endpoint)
    assert victim_of(lambda request: answer(200, [])).run("list").status == 0
    assert proxy.connections == 0


def test_a_proxy_elsewhere_is_refused_for_an_endpoint_without_tls(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []))
    result = victim.run("list", "--proxy", f"http://user:{PASSWORD}@proxy.invalid:3128")
    assert (result.status, result.out) == (2, "")
    assert "would show the key to the proxy http://proxy.invalid:3128" in result.err
    assert PASSWORD not in result.err


def test_a_proxy_on_this_machine_is_used_without_tls(victim_of: VictimOf) -> None:
    with serving(lambda request: answer(200, [])) as proxy:
        result = victim_of(lambda request: answer(500)).run("list", "--proxy", proxy.endpoint)
        assert result.status == 0
        assert proxy.received[0].path.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("text", [f"socks5://user:{PASSWORD}@h:1", f"http://:{PASSWORD}@", f"http://h:x{PASSWORD}", ""])
def test_a_proxy_that_is_none_is_refused_without_repeating_its_password(victim_of: VictimOf, text: str) -> None:
    result = victim_of(lambda request: answer(200, [])).run("list", "--proxy", text)
    assert (result.status, result.out) == (2, "")
    assert "--proxy" in result.err
    assert PASSWORD not in result.err


def test_localhost_that_is_not_this_machine_gets_nothing(victim_of: VictimOf, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    victim = victim_of(lambda request: answer(200, []))
    elsewhere = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]
    with monkeypatch.context() as patched:
        patched.setattr("facesnap_cli.network.connection.socket.getaddrinfo", lambda *_, **__: elsewhere)
        result = victim.run("list")
    assert result.status == 9
    assert "which is not this machine" in result.err


def test_the_proxys_password_is_not_shown_by_config_show(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []))
    victim.program.run("config", "set", "proxy", f"http://user:{PASSWORD}@proxy.invalid:3128")
    shown = victim.program.run("config", "show", "-o", "json")
    assert shown.status == 0
    assert "http://proxy.invalid:3128" in shown.out
    assert PASSWORD not in shown.out + shown.err
