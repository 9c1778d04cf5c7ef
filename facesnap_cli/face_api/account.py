"""Open one profile's account: its settings, its HTTP client and its REST operations."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.config.resources import resource_of
from facesnap_cli.config.settings import Settings
from facesnap_cli.face_api.credentials import credential_for
from facesnap_cli.face_api.snapshot_api import SnapshotApi
from facesnap_cli.models.identity import ObjectIdentity, Resource, digest_of_key, has_own_host
from facesnap_cli.network.authentication import KEY_HEADER, Credential
from facesnap_cli.network.client import Client, ClientOptions
from facesnap_cli.network.rate_limit import RateLimiter
from facesnap_cli.network.retry import RetryPolicy
from facesnap_cli.network.service_clock import ClockDifference, ServiceClock

if TYPE_CHECKING:
    from facesnap_cli.face_api.object_api import ObjectApi
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.network.responses import Exchange


class Account:
    """A profile with its interfaces, each built on first use. Safe for several threads."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        observe: Callable[[Exchange], None] | None,
        extra_headers: tuple[tuple[str, str], ...] = (),
        reporter: Reporter = SILENT,
        clock_difference: ClockDifference | None = None,
        state_directory: Callable[[], Path] | None = None,
    ):
        self.settings = settings
        self.clock = clock
        self.observe = observe
        self.extra_headers = extra_headers
        self.reporter = reporter
        self.clock_difference = clock_difference or ClockDifference()
        self.state_directory = state_directory
        self._lock = threading.RLock()

    @property
    def profile(self) -> str | None:
        return self.settings.profile

    def place(self, object_id: str) -> str:
        """Return an object's place as targets are written: `dr:employees`."""
        return f"{self.profile}:{object_id}" if self.profile else object_id

    @cached_property
    def endpoint(self) -> str:
        """The checked endpoint. Raises UsageError if there is none."""
        endpoint = self.settings.endpoint
        if endpoint is None:
            self.settings.require_profile()
            if self.profile:
                to_set = command("config", "set", "endpoint", "URL", "--profile", self.profile)
                raise UsageError(
                    f"profile {self.profile} has no endpoint", hint=Hint("give it that of its resource: ", to_set)
                )
            raise UsageError(
                "there is no endpoint",
                hint=Hint(
                    "set FACESNAP_ENDPOINT and FACESNAP_KEY, or run ",
                    command("config", "init"),
                    "; without an account: ",
                    command("emulator", "start"),
                    ", then --profile emulator",
                ),
            )
        return endpoint

    @property
    def subscription_id(self) -> str | None:
        return self.settings.subscription_id

    @cached_property
    def resource(self) -> Resource:
        """The Azure Face account, as far as the configuration knows it. Raises UsageError without an endpoint."""
        assert self.endpoint  # a missing endpoint is reported first
        return resource_of(self.settings)

    def resource_by_key(self) -> Resource:
        """Return the account as its key alone tells it. Reads the key, and raises CredentialsError without one."""
        name, secret = self.credential.header()
        if name != KEY_HEADER or has_own_host(self.endpoint):
            return self.resource
        return self.resource._replace(profile=None, key_digest=digest_of_key(secret, self.endpoint))

    def identity_of(self, object_type: ObjectType, object_id: str) -> ObjectIdentity:
        """Return the identity of one of the account's objects, whether or not it exists."""
        return ObjectIdentity(self.resource, object_type.value, object_id)

    @property
    def client(self) -> Client:
        """The account's only client, so all threads share one rate limit and the key in use."""
        with self._lock:
            return self._client

    @cached_property
    def credential(self) -> Credential:
        """The credential for its requests. Raises CredentialsError without it, UsageError without an endpoint."""
        assert self.endpoint  # a missing endpoint is reported first
        return credential_for(self.settings, self.clock, self.reporter)

    @cached_property
    def _client(self) -> Client:
        return self.client_with(self.credential)

    def client_with(self, credential: Credential) -> Client:
        """Return a new client of the account. The caller closes it."""
        settings = self.settings
        return Client(
            ClientOptions(
                endpoint=self.endpoint,
                api_version=settings.api_version,
                http_timeout_s=settings.http_timeout,
                policy=RetryPolicy(max_retries=settings.max_retries),
                proxy=settings.proxy,
                ca_bundle=settings.ca_bundle,
                ca_bundle_origin=settings.origin("ca_bundle") if settings.ca_bundle else "",
                extra_headers=self.extra_headers,
            ),
            credential,
            clock=self.clock,
            limiter=RateLimiter(self.clock, settings.rate_limit),
            observe=self.observe,
            reporter=self.reporter,
            service_clock=self.service_clock,
        )

    def begin_bulk_work(self) -> None:
        """Space requests evenly from now on, at the pace of all processes of this machine that use the account."""
        with self._lock:
            client, store = self.client, None
            if client.does_bulk_work:
                return
            if self.state_directory and self.settings.rate_limit:
                from facesnap_cli.network.pace import Pace
                from facesnap_cli.network.shared_pace import SharedPace

                new = Pace.of_new_resource(client.limiter.ceiling)
                store = SharedPace(self.state_directory(), self.resource_by_key().shared_name, self.clock, new)
            client.begin_bulk_work(store)

    def estimate(self, calls: int) -> str:
        """Return how long so many requests take at the rate that is granted: `about 40,050 calls, 1h07m at 9.7/s`."""
        rate = self.client.limiter.granted_rate
        if math.isinf(rate):
            return f"about {counted(calls, 'call')}"
        shown = f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.0f}/m"
        return f"about {counted(calls, 'call')}, {format_duration(calls / rate)} at {shown}"

    @cached_property
    def service_clock(self) -> ServiceClock:
        """The clock by which the service's times are to be read."""
        return ServiceClock(self.clock, self.clock_difference)

    @cached_property
    def snapshots(self) -> SnapshotApi:
        return SnapshotApi(self.client)

    @cached_property
    def objects(self) -> ObjectApi:
        from facesnap_cli.face_api.object_api import ObjectApi

        return ObjectApi(self.client, self.reporter)

    def close(self) -> None:
        """Close its connections, if there are any."""
        if "_client" in self.__dict__:
            self._client.close()
