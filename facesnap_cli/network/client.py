"""Send requests to the service with a key, retries and a rate limit; raise an error for each failure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from facesnap_cli import __version__
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import (
    FacesnapError,
    Interruption,
    OutcomeUnknownError,
    ThrottledError,
    UnreachableError,
)
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.models.endpoints import host_of, is_local
from facesnap_cli.network.connection import Connections, NoResponse, Obstacle
from facesnap_cli.network.proxy import Proxy, proxy_for
from facesnap_cli.network.rate_limit import PaceStore, RateLimiter
from facesnap_cli.network.redaction import Redactor
from facesnap_cli.network.responses import Response
from facesnap_cli.network.retry import RESENDABLE_METHODS, Patience, RetryPolicy, is_transient
from facesnap_cli.network.service_clock import ServiceClock

if TYPE_CHECKING:
    from facesnap_cli.network.authentication import Credential
    from facesnap_cli.network.responses import Exchange

TOLD_DELAY_S = 2.0  # a shorter delay before the next try is not reported
_SHOWN_REASON_CHARS = 300


class ClientOptions(NamedTuple):
    """Options for the requests of one profile. Times are in seconds."""

    endpoint: str
    api_version: str = "v1.0"
    http_timeout_s: float = 30.0
    policy: RetryPolicy = RetryPolicy()
    proxy: Proxy | None = None
    ca_bundle: str | None = None
    ca_bundle_origin: str = "ca_bundle"  # its name in errors
    extra_headers: tuple[tuple[str, str], ...] = ()


class Client:
    """Sends the requests of one profile. Safe for several threads, each of which gets a connection of its own."""

    def __init__(
        self,
        options: ClientOptions,
        credential: Credential,
        *,
        clock: Clock,
        limiter: RateLimiter,
        rng: random.Random | None = None,
        observe: Callable[[Exchange], None] | None = None,
        reporter: Reporter = SILENT,
        service_clock: ServiceClock | None = None,
    ):
        self.options = options
        self._credential = credential
        self._clock = clock
        self._service_clock = service_clock or ServiceClock(clock)
        self.limiter = limiter
        self.does_bulk_work = False
        self._patience = Patience(clock, options.policy.patience_s)
        self._rng = rng or random.Random()  # noqa: S311 (jitter, not a secret)
        self._observe = observe
        self._reporter = reporter
        self._redactor = Redactor()
        self._headers = {"User-Agent": f"facesnap/{__version__}", "Accept": "application/json"}
        self._proxy = proxy_for(options.endpoint, options.proxy)
        self._connections = Connections(
            options.endpoint,
            timeout_s=options.http_timeout_s,
            proxy=self._proxy,
            ca_bundle=options.ca_bundle,
            ca_bundle_origin=options.ca_bundle_origin,
        )

    def begin_bulk_work(self, store: PaceStore | None) -> None:
        """Space requests evenly from now on, at the pace of all processes that use `store`, and be patient."""
        self.limiter.begin_bulk_work(store)
        self.does_bulk_work = True

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        params: Mapping[str, str | None] | None = None,
        json: object = None,
        content: bytes | None = None,
        retry: bool = True,
        within_s: float | None = None,
        on_send: Callable[[], None] = lambda: None,
    ) -> Response:
        """Send one request and return its response if that is a success.

        `path` begins after the version (`/snapshots`), and the caller has quoted its variable parts. None leaves a
        parameter out; an empty text is sent. `what` names the request in errors. A poll gives `retry` False, because it
        is repeated anyway, and `within_s`, its time limit. `on_send` is called before each try.
        Raises the error that the response stands for, UnreachableError if nothing can have happened,
        OutcomeUnknownError if something may have happened.
        """
        url = f"{self.options.endpoint}/face/{self.options.api_version}{path}"
        if given := {key: value for key, value in (params or {}).items() if value is not None}:
            url += "?" + urlencode(given, quote_via=quote, safe=",")
        body, headers = _encoded(json, content)
        attempt, refusals, slept, is_in_flight = 0, 0, 0.0, False
        try:
            while True:
                if not self.limiter.acquire(within_s):
                    raise ThrottledError(f"{what}: the rate limit leaves no time for it before the timeout")
                on_send()
                sent_at, is_in_flight = self._clock.monotonic(), True
                outcome = self._exchange(method, url, headers, body, within_s)
                if isinstance(outcome, Response):
                    if outcome.status != 429:
                        self.limiter.accepted()
                        if not is_transient(outcome):
                            self._patience.progress()
                    if outcome.is_success or (method == "DELETE" and attempt and outcome.status == 404):
                        if method != "GET":
                            _check_done(outcome, what, unknown=method not in RESENDABLE_METHODS)
                        return outcome
                    from facesnap_cli.network.retry_after import requested_delay_s
                    from facesnap_cli.network.service_errors import error_of, is_used_up_quota

                    asked_s = requested_delay_s(outcome, self._service_clock.now())
                    error: FacesnapError = error_of(
                        outcome,
                        what=what,
                        path=path,
                        endpoint=self.options.endpoint,
                        may_have_acted=method not in RESENDABLE_METHODS,
                        now=self._service_clock.now(),
                        credential=self._credential.description,
                    )
                    if outcome.status == 429 and not is_used_up_quota(outcome):
                        is_in_flight = False
                        rest = self.limiter.refused(asked_s, sent_at)
                        if not retry or not self._may_wait(rest.seconds, refusals, slept, is_refused=True):
                            raise error
                        if rest.is_new and rest.seconds >= TOLD_DELAY_S:
                            self._reporter.note(f"{error.message}; trying again in {format_duration(rest.seconds)}")
                        refusals += 1
                        slept += rest.seconds
                        continue
                    may_pass = is_transient(outcome) and method in RESENDABLE_METHODS
                else:
                    asked_s, resendable = None, method in RESENDABLE_METHODS or not outcome.sent
                    error = self._failure(outcome, what, unknown=not resendable)
                    may_pass = resendable and outcome.passing
                delay = self.options.policy.delay(attempt, asked_s, self._rng)
                if not retry or not may_pass or not self._may_wait(delay, attempt, slept, is_refused=False):
                    raise error
                is_in_flight = False
                if delay >= TOLD_DELAY_S and (not self.does_bulk_work or self._patience.is_first_report()):
                    self._reporter.note(f"{error.message}; trying again in {format_duration(delay)}")
                self._clock.sleep(delay)
                slept += delay
                attempt += 1
        except Interruption as interruption:
            # Whatever was sent before was refused or never arrived.
            interruption.nothing_sent = interruption.nothing_sent or not is_in_flight
            raise

    def _may_wait(self, delay_s: float, attempt: int, slept_s: float, *, is_refused: bool) -> bool:
        """Return whether a request waits to be sent again. Bulk work is patient once the service has answered."""
        is_patient = self.does_bulk_work and (is_refused or self._patience.has_progress)
        if is_patient and self._patience.lasts(delay_s):
            return True
        return self.options.policy.allows(attempt, slept_s + delay_s)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._connections.close()

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, within_s: float | None
    ) -> Response | NoResponse:
        """Send the request; while a key is refused, send it again with another one: a 401 has no effect."""
        while True:
            with _nothing_in_flight():
                key_header, secret = self._credential.header()
            self._redactor.add(secret)
            sent = _merged(self._headers, headers, self.options.extra_headers)
            started, sent_time = self._clock.monotonic(), self._clock.now()
            outcome: Response | NoResponse
            try:
                # The one place where a secret is unwrapped.
                response = self._connections.send(
                    method, url, [*sent, (key_header, secret.reveal())], content, within_s=within_s
                )
                self._service_clock.update(response.headers.get("date", ""), sent_time)
                outcome = self._redactor.response(response)
            except NoResponse as failure:
                failure.reason = self._redactor.text(failure.reason)[:_SHOWN_REASON_CHARS]
                outcome = failure
            elapsed = self._clock.monotonic() - started
            if self._observe:
                self._observe(_seen(method, url, sent, content, outcome, elapsed, key_header))
            if isinstance(outcome, NoResponse) or outcome.status != 401 or not self._credential.refused(secret):
                return outcome

    def _failure(self, failure: NoResponse, what: str, *, unknown: bool) -> FacesnapError:
        details: dict[str, object] = {"endpoint": self.options.endpoint}
        if unknown:
            return OutcomeUnknownError(f"{what}: sent, but no answer came ({failure.reason})", details=details)
        host = host_of(self.options.endpoint)
        if self._proxy:
            host = f"{host} through the proxy {host_of(self._proxy.url)}"
        advice = _advice(failure.obstacle, local=is_local(self.options.endpoint), proxied=self._proxy is not None)
        cause = f"no answer from {host} ({failure.reason})"
        return UnreachableError(f"{what}: {cause}", hint=advice, details=details, cause=cause)


def _check_done(response: Response, what: str, *, unknown: bool) -> None:
    """Raise an error if not the service but something before it, such as a captive portal, says that a change was made.

    The service's own body is empty, or JSON.
    """
    if not response.body.strip():
        return
    try:
        response.json()
    except UnreachableError as error:
        kind = OutcomeUnknownError if unknown else UnreachableError
        raise kind(f"{what}: {error.message}", hint=error.hint, code=error.code) from None


@contextmanager
def _nothing_in_flight() -> Iterator[None]:
    """Mark an interruption in this block: whatever was sent so far was refused or never arrived."""
    try:
        yield
    except Interruption as interruption:
        interruption.nothing_sent = True
        raise


def quoted(segment: str) -> str:
    """Return `segment` quoted, so that it stays one segment. Raises UnreachableError for `.` and `..`."""
    if segment.strip(".") == "":
        raise UnreachableError("the service answered an invalid id", code="BadAnswer")
    return quote(segment, safe="", errors="replace")


def _merged(
    own: Mapping[str, str], content: Mapping[str, str], extra: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the headers to send; a user's header replaces facesnap's own of the same name."""
    given = {name.lower() for name, _ in extra}
    return [*((name, value) for name, value in {**own, **content}.items() if name.lower() not in given), *extra]


def _seen(
    method: str,
    url: str,
    sent: Sequence[tuple[str, str]],
    content: bytes | None,
    outcome: Response | NoResponse,
    elapsed_s: float,
    key_header: str,
) -> Exchange:
    from facesnap_cli.network.redaction import redacted_headers
    from facesnap_cli.network.responses import Exchange

    shown = redacted_headers(sent)
    if isinstance(outcome, NoResponse):
        return Exchange(method, url, shown, content, None, outcome.reason, elapsed_s, key_header)
    return Exchange(method, url, shown, content, outcome, "", elapsed_s, key_header)


def _advice(obstacle: Obstacle, *, local: bool, proxied: bool) -> str | Hint:
    if obstacle is Obstacle.CERTIFICATE:
        return (
            "nothing was sent: its certificate is not from an authority known here, or not for this host;"
            " if your company's proxy made it, --ca-bundle names the company's authorities (SSL_CERT_FILE is not read)"
        )
    if obstacle is Obstacle.NOT_TLS:
        return "nothing was sent: the server does not speak TLS; check the endpoint's port and the proxy"
    if obstacle is Obstacle.PROXY_PASSWORD:
        return "nothing was sent: the proxy wants a user and a password, in HTTPS_PROXY or the profile's proxy"
    if obstacle is Obstacle.REFUSED and proxied:
        return "nothing listens at the proxy's address: check --proxy, the profile's proxy and HTTPS_PROXY"
    if obstacle is Obstacle.NO_SUCH_HOST:
        whose = "proxy" if proxied else "endpoint"
        return f"check the spelling of the {whose}, and whether this machine can resolve other names"
    if obstacle is Obstacle.REFUSED and local:
        return Hint("nothing listens there; ", command("emulator", "start"), " runs an emulator on this machine")
    return "check the endpoint, the network and the proxy, then run this again: it is safe"


def _encoded(json: object, content: bytes | None) -> tuple[bytes | None, dict[str, str]]:
    if json is not None:
        import json as codec

        return codec.dumps(json, ensure_ascii=False).encode(), {"Content-Type": "application/json; charset=utf-8"}
    if content is not None:
        return content, {"Content-Type": "application/octet-stream"}
    return None, {}


def post_keyless(url: str, content: bytes, *, timeout_s: float, proxy: Proxy | None, ca_bundle: str | None) -> int:
    """Send a text to a host other than the service, without a key, and return the status.

    Nothing is retried. Raises UnreachableError, which names only the host because the path may be a secret.
    """
    wire = Connections(url, timeout_s=timeout_s, proxy=proxy_for(url, proxy), ca_bundle=ca_bundle)
    headers = [("User-Agent", f"facesnap/{__version__}"), ("Content-Type", "text/plain; charset=utf-8")]
    try:
        return wire.send("POST", url, headers, content).status
    except NoResponse as failure:
        reason = failure.reason[:_SHOWN_REASON_CHARS]
        raise UnreachableError(f"{host_of(url)} could not be reached ({reason})") from None
    finally:
        wire.close()
