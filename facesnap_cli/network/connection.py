"""Use httpx within limits: a connection for each thread, a deadline for a request, a maximum size for a response.

httpx limits the time of each step of a request, not of all steps together: a service that sends a byte now and then
could hold a request for days. A transport of our own sets one deadline for all steps. It follows no redirect, keeps no
cookie and decodes no content.
"""

from __future__ import annotations

import contextlib
import enum
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from facesnap_cli.common.errors import ConfigurationError, Interruption, reason_of
from facesnap_cli.common.escape import harmless
from facesnap_cli.network.proxy import Proxy
from facesnap_cli.network.responses import Response

MAX_BODY_BYTES = 32 * 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
# A connection that was idle for longer is not used again. The service may close it just when a POST is sent, and then
# facesnap could not know whether the request arrived.
KEEPALIVE_S = 2.0
SHORTEST_TIMEOUT_S = 1.0  # a request gets this much even if less is left
_NEVER_SENT = (httpcore.ConnectError, httpcore.ProxyError)
_WHOLE_HEADERS = "whole_headers"
_WRITE_BYTES = 64 * 1024


class Obstacle(enum.Enum):
    """The causes for which a request cannot arrive that need different advice."""

    REFUSED = enum.auto()
    NO_SUCH_HOST = enum.auto()
    CERTIFICATE = enum.auto()
    NOT_TLS = enum.auto()
    PROXY_PASSWORD = enum.auto()
    OTHER = enum.auto()


class NoResponse(Exception):
    """No complete response came. `sent`: the service may have acted. `passing`: the next try may succeed.

    `reason` may repeat what was sent, and may be of any length.
    """

    def __init__(self, reason: str, *, sent: bool, passing: bool = True, obstacle: Obstacle = Obstacle.OTHER):
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.passing = passing
        self.obstacle = obstacle


class Connections:
    """Connections to one endpoint, one for each thread. Safe for several threads."""

    def __init__(
        self,
        endpoint: str,
        *,
        timeout_s: float,
        proxy: Proxy | None = None,
        ca_bundle: str | None = None,
        ca_bundle_origin: str = "ca_bundle",
    ):
        self._endpoint = urlsplit(endpoint)
        self._timeout_s = timeout_s
        self._proxy = proxy
        self._ca_bundle = ca_bundle
        self._ca_bundle_origin = ca_bundle_origin
        self._tls: ssl.SSLContext | None = None
        self._own = threading.local()
        self._lock = threading.Lock()
        self._opened: list[httpx.Client] = []

    def send(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        content: bytes | None,
        *,
        within_s: float | None = None,
    ) -> Response:
        """Send one request and return its response, whatever the status. Raises NoResponse, also after `within_s`."""
        timeout_s = self._timeout_s if within_s is None else min(self._timeout_s, max(within_s, SHORTEST_TIMEOUT_S))
        client = self._client()
        deadline: Deadline = self._own.deadline
        deadline.begin(timeout_s)
        if content is None and method not in ("GET", "DELETE"):
            content = b""  # an empty body sends a length; the gateway refuses a request without one
        try:
            return self._sent(client, deadline, method, url, headers, content)
        except Interruption as interruption:
            interruption.nothing_sent = not deadline.has_written
            raise
        except (httpx.InvalidURL, UnicodeError) as failure:
            raise NoResponse(harmless(str(failure)), sent=False, passing=False) from failure
        except httpcore.ConnectTimeout as failure:
            raise NoResponse("connecting took too long", sent=False) from failure
        except httpcore.TimeoutException as failure:
            raise NoResponse(f"no whole answer within {timeout_s:.3g} s", sent=True) from failure
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as failure:
            reason, obstacle = _reason(failure), _obstacle(failure)
            raise NoResponse(
                reason,
                sent=not isinstance(failure, _NEVER_SENT),
                passing=obstacle in (Obstacle.REFUSED, Obstacle.NO_SUCH_HOST, Obstacle.OTHER),
                obstacle=obstacle,
            ) from failure

    def _sent(
        self,
        client: httpx.Client,
        deadline: Deadline,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        content: bytes | None,
    ) -> Response:
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        request = client.build_request(method, url, headers=encoded, content=content)
        response = client.send(request, stream=True)
        try:
            body = _bounded(response.iter_raw(), deadline)
        finally:
            response.close()
        return Response(
            response.status_code, response.reason_phrase, _joined(response.extensions[_WHOLE_HEADERS]), body
        )

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for client in self._opened:
                client.close()
            self._opened.clear()

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._own, "client", None)
        if client is None:
            self._own.deadline = Deadline()
            transport = _Transport(self._new_pool(self._own.deadline))
            own_headers = {"Accept-Encoding": "identity"}
            client = self._own.client = httpx.Client(transport=transport, trust_env=False, headers=own_headers)
            with self._lock:
                self._opened.append(client)
        return client

    def _new_pool(self, deadline: Deadline) -> httpcore.ConnectionPool:
        local_only = self._endpoint.scheme == "http"
        shared: dict[str, Any] = {
            "ssl_context": self._context(),
            "max_connections": 1,
            "keepalive_expiry": KEEPALIVE_S,
            "network_backend": _Backend(deadline, local_only=local_only),
        }
        if self._proxy is None:
            return httpcore.ConnectionPool(**shared)
        user, password = self._proxy.user, self._proxy.password
        auth = (user.encode(), password.reveal().encode()) if user and password else None
        return httpcore.HTTPProxy(self._proxy.url, proxy_auth=auth, **shared)

    def _context(self) -> ssl.SSLContext | None:
        """Return the authorities to trust; None without TLS, because loading them takes time."""
        with self._lock:
            if self._tls is None and self._ca_bundle:
                self._tls = _context_of(self._ca_bundle, self._ca_bundle_origin)
            elif self._tls is None and self._endpoint.scheme == "https":
                self._tls = _default_context()
            return self._tls


class Deadline:
    """The deadline of one thread's request, in the machine's time, because sockets know no other.

    `has_written`: a part of the request, or of the request to a proxy before it, was sent.
    """

    def __init__(self) -> None:
        self._moment = 0.0
        self.has_written = False

    def begin(self, timeout_s: float) -> None:
        self._moment = time.monotonic() + timeout_s
        self.has_written = False

    def left_s(self, late: type[httpcore.TimeoutException]) -> float:
        """Return the seconds left. Raises `late` if there are none."""
        left = self._moment - time.monotonic()
        if left <= 0:
            raise late
        return left


class _Transport(httpx.BaseTransport):
    """Sends httpx's requests through a pool with a deadline. Failures stay httpcore's own."""

    def __init__(self, pool: httpcore.ConnectionPool):
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        response = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
        )
        # Hidden from httpx: it keeps cookies, and it fails if Location is not a URL.
        seen = [(name, value) for name, value in response.headers if name.lower() not in (b"location", b"set-cookie")]
        extensions = {**response.extensions, _WHOLE_HEADERS: response.headers}
        return httpx.Response(response.status, headers=seen, stream=_Body(response), extensions=extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of a response that is still being received."""

    def __init__(self, response: httpcore.Response):
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Backend(httpcore.SyncBackend):
    """Connects within the deadline; with `local_only` only to this machine."""

    def __init__(self, deadline: Deadline, *, local_only: bool):
        self._deadline = deadline
        self._local_only = local_only

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in [str(entry[4][0]) for entry in found]:
            if self._local_only and not (address.startswith("127.") or address == "::1"):
                failure = httpcore.ConnectError(f"{host} is {address}, which is not this machine")
                continue
            seconds = min(CONNECT_TIMEOUT_S, self._deadline.left_s(httpcore.ConnectTimeout))
            try:
                stream = super().connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as refused:
                failure = refused
            else:
                return _Stream(stream, self._deadline)
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends at the deadline, however slowly the other side sends."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline):
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline.has_written = True
        for start in range(0, len(buffer), _WRITE_BYTES):
            self._stream.write(buffer[start : start + _WRITE_BYTES], self._deadline.left_s(httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _reason(failure: Exception) -> str:
    """Return the system's words for a failure, without the error's number; else those of httpcore."""
    cause = failure.__context__
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.strerror:
        return harmless(cause.strerror[0].lower() + cause.strerror[1:])
    return harmless(str(failure)) or type(failure).__name__


def _obstacle(failure: Exception) -> Obstacle:
    """Return the cause of a failure, by the error of the system or of TLS that httpcore made it from."""
    cause = failure.__context__  # not __cause__: the pool raises its errors again "from None"
    if isinstance(cause, ConnectionRefusedError):
        return Obstacle.REFUSED
    if isinstance(cause, socket.gaierror):
        return Obstacle.NO_SUCH_HOST
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Obstacle.CERTIFICATE
    if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
        return Obstacle.NOT_TLS
    # httpcore keeps the status of a proxy's response in the text of its error alone.
    if isinstance(failure, httpcore.ProxyError) and str(failure).startswith("407 "):
        return Obstacle.PROXY_PASSWORD
    return Obstacle.OTHER


def _bounded(chunks: Iterable[bytes], deadline: Deadline) -> bytes:
    body = bytearray()
    for chunk in chunks:
        deadline.left_s(httpcore.ReadTimeout)
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise httpcore.RemoteProtocolError(f"the body is longer than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name in lower case. Commas join different values of one name, in their order."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        known = values.setdefault(name.decode("latin-1").lower(), [])
        if (text := value.decode("latin-1")) not in known:
            known.append(text)
    return {name: ", ".join(known) for name, known in values.items()}


def _default_context() -> ssl.SSLContext:
    """Return the authorities of certifi and of this machine.

    SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE are ignored. With them and HTTPS_PROXY, whoever sets the environment
    could read the traffic.
    """
    context = httpx.create_ssl_context(trust_env=False)
    _keep_session_keys(context)
    if sys.platform == "win32":
        for certificate, encoding, _ in (*ssl.enum_certificates("ROOT"), *ssl.enum_certificates("CA")):
            if encoding == "x509_asn":
                with contextlib.suppress(ssl.SSLError):
                    context.load_verify_locations(cadata=certificate)
        return context
    places = ssl.get_default_verify_paths()
    file, folder = Path(places.openssl_cafile), Path(places.openssl_capath)
    if file.is_file() or folder.is_dir():
        context.load_verify_locations(file if file.is_file() else None, folder if folder.is_dir() else None)
    return context


def _keep_session_keys(context: ssl.SSLContext) -> None:
    """Undo the effect of SSLKEYLOGFILE: a new context logs the keys that decrypt the traffic."""
    context.keylog_filename = None  # type: ignore[assignment]  # the documented default


def _context_of(path: str, origin: str) -> ssl.SSLContext:
    bundle = Path(os.path.expanduser(path))  # keeps the ~ of an unknown home
    if not bundle.is_file():
        reason = "it is not a regular file" if bundle.exists() else "there is no such file"
        raise ConfigurationError(f"{origin} {bundle} cannot be used: {reason}")
    try:
        context = ssl.create_default_context(cafile=bundle)
        _keep_session_keys(context)
        return context
    except (OSError, ValueError) as error:
        reason = harmless(reason_of(error))
        raise ConfigurationError(f"{origin} {bundle} cannot be used: {reason}", hint="it must be PEM") from error
