"""The one way to the service: httpx with a key, retries, a rate limit and bounded answers."""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import httpx

from facesnap_cli import __version__
from facesnap_cli.answers import Answer, Exchange, error_of
from facesnap_cli.clock import Clock
from facesnap_cli.errors import (
    ConfigurationError,
    FacesnapError,
    OutcomeUnknownError,
    UnreachableError,
)
from facesnap_cli.retry import RESENDABLE_METHODS, RateLimiter, RetryPolicy
from facesnap_cli.text import harmless

if TYPE_CHECKING:
    from facesnap_cli.credentials import Credential

MAX_BODY_BYTES = 64 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True)
class TransportOptions:
    """How requests are sent. Times in seconds."""

    endpoint: str
    api_version: str = "v1.0"
    http_timeout_s: float = 30.0
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    proxy: str | None = None
    ca_bundle: str | None = None
    extra_headers: tuple[tuple[str, str], ...] = ()


class Transport:
    """Sends the requests of one profile. Safe for several threads, each of which gets a connection of its own."""

    def __init__(
        self,
        options: TransportOptions,
        credential: Credential,
        *,
        clock: Clock,
        limiter: RateLimiter,
        rng: random.Random | None = None,
        observe: Callable[[Exchange], None] = lambda exchange: None,
        http: httpx.BaseTransport | None = None,
    ):
        self.options = options
        self._credential = credential
        self._clock = clock
        self._limiter = limiter
        self._rng = rng or random.Random()  # noqa: S311 (jitter, not a secret)
        self._observe = observe
        self._http = http
        self._clients = threading.local()
        self._opened: list[httpx.Client] = []
        self._verify: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
        retry: bool = True,
    ) -> Answer:
        """Send one request and return the answer if it is a success.

        `path` begins after the version (`/snapshots`); its variable parts are quoted by the caller. `what` names
        the request in errors. `retry` False is for polls, which come again by themselves. Raises the error that
        the answer stands for, UnreachableError where nothing can have happened, OutcomeUnknownError where it may.
        """
        url = f"{self.options.endpoint}/face/{self.options.api_version}{path}"
        if params:
            url += "?" + urlencode({key: value for key, value in params.items() if value}, quote_via=quote, safe=",")
        body, headers = _encoded(json, content)
        attempt, slept = 0, 0.0
        while True:
            self._limiter.acquire()
            outcome = self._exchange(method, url, headers, body)
            if isinstance(outcome, Answer):
                if outcome.is_success or (method == "DELETE" and attempt and outcome.status == 404):
                    return outcome
                delay = self.options.policy.delay_after(
                    outcome, method=method, attempt=attempt, now=self._clock.now(), rng=self._rng
                )
                error: FacesnapError = error_of(
                    outcome, what=what, endpoint=self.options.endpoint, may_have_acted=method not in RESENDABLE_METHODS
                )
                if outcome.status == 429 and delay is not None:
                    self._limiter.rest(min(delay, self.options.policy.budget_s))
            else:
                resendable = method in RESENDABLE_METHODS or isinstance(outcome, _NEVER_SENT)
                error = self._failure(outcome, what, unknown=not resendable)
                delay = self.options.policy.backoff(attempt, self._rng) if resendable and _may_pass(outcome) else None
            if not retry or delay is None or slept + delay > self.options.policy.budget_s:
                raise error
            self._clock.sleep(delay)
            slept += delay
            attempt += 1

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for client in self._opened:
                client.close()
            self._opened.clear()

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer | httpx.HTTPError:
        """Send once, and once more with the second key if the first was refused: a 401 has done nothing."""
        while True:
            key_header, secret = self._credential.header()
            started = self._clock.monotonic()
            answer: Answer | None = None
            failure: httpx.HTTPError | None = None
            try:
                answer = self._send(method, url, {**headers, key_header: secret.reveal()}, content)
            except httpx.HTTPError as error:
                failure = error
            elapsed = self._clock.monotonic() - started
            said = f"{type(failure).__name__}: {failure}" if failure else ""
            self._observe(Exchange(method, url, headers, content, answer, said, elapsed, key_header))
            if failure is not None:
                return failure
            assert answer is not None
            if answer.status != 401 or not self._credential.refused(secret):
                return answer

    def _send(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        deadline = self._clock.monotonic() + self.options.http_timeout_s
        request = self._client().build_request(method, url, headers=dict(headers), content=content)
        for name, value in self.options.extra_headers:
            request.headers[name] = value
        response = self._client().send(request, stream=True)
        try:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise httpx.DecodingError(f"the body is longer than {MAX_BODY_BYTES} bytes", request=request)
                if self._clock.monotonic() > deadline:
                    raise httpx.ReadTimeout("the body came too slowly", request=request)
        finally:
            response.close()
        answered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, response.reason_phrase, answered, bytes(body))

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._clients, "client", None)
        if client is None:
            client = self._clients.client = httpx.Client(
                verify=self._tls(),
                proxy=self.options.proxy,
                timeout=httpx.Timeout(self.options.http_timeout_s, connect=min(10.0, self.options.http_timeout_s)),
                follow_redirects=False,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
                headers={"User-Agent": f"facesnap/{__version__}", "Accept": "application/json"},
                transport=self._http,
            )
            with self._lock:
                self._opened.append(client)
        return client

    def _tls(self) -> ssl.SSLContext:
        """Return the TLS context; for loopback without TLS an empty one, as the authorities cost time to load."""
        with self._lock:
            if self._verify is None:
                parts = urlsplit(self.options.endpoint)
                if parts.scheme == "http" and parts.hostname in _LOOPBACK:
                    self._verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                elif self.options.ca_bundle:
                    self._verify = _context_of(self.options.ca_bundle)
                else:
                    self._verify = httpx.create_ssl_context()
            return self._verify

    def _failure(self, failure: httpx.HTTPError, what: str, *, unknown: bool) -> FacesnapError:
        reason = harmless(str(failure)) or type(failure).__name__
        details: dict[str, object] = {"endpoint": self.options.endpoint}
        if unknown:
            return OutcomeUnknownError(f"{what}: sent, but no answer came ({reason})", details=details)
        host = urlsplit(self.options.endpoint).netloc
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            hint = (
                "the certificate is not from an authority known here: --ca-bundle names your company's, if that is why"
            )
        else:
            hint = "nothing was done; check the endpoint, the network and --proxy, then run this again"
        return UnreachableError(f"{what}: {host} could not be reached ({reason})", hint=hint, details=details)


def quoted(segment: str) -> str:
    """Return a path segment that stays one, whatever is in it."""
    return quote(segment, safe="")


def _encoded(json: object, content: bytes | None) -> tuple[bytes | None, dict[str, str]]:
    if json is not None:
        import json as codec

        return codec.dumps(json, ensure_ascii=False).encode(), {"Content-Type": "application/json; charset=utf-8"}
    if content is not None:
        return content, {"Content-Type": "application/octet-stream"}
    return None, {}


def _may_pass(failure: httpx.HTTPError) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" not in str(failure) and not isinstance(failure, httpx.UnsupportedProtocol)


def _context_of(bundle: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"--ca-bundle {bundle} cannot be used: {error}") from error


def post_keyless(url: str, content: bytes, *, timeout_s: float) -> int:
    """Send a text to a host that is not the service, and return the status. No key is at hand here.

    Nothing is retried or followed; the answer's body is not read. Raises UnreachableError.
    """
    host = urlsplit(url).netloc
    headers = {"User-Agent": f"facesnap/{__version__}", "Content-Type": "text/plain; charset=utf-8"}
    try:
        with (
            httpx.Client(timeout=timeout_s, follow_redirects=False, headers=headers) as client,
            client.stream("POST", url, content=content) as response,
        ):
            return response.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(
            f"{host} could not be reached ({harmless(str(error)) or type(error).__name__})"
        ) from None
