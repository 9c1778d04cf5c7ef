"""One profile's way to the service: its settings, and the interfaces that go through its transport."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from facesnap_cli.answers import Exchange
from facesnap_cli.clock import Clock
from facesnap_cli.credentials import Credential, credential_for
from facesnap_cli.errors import UsageError
from facesnap_cli.retry import RateLimiter, RetryPolicy
from facesnap_cli.settings import Settings
from facesnap_cli.snapshots import Snapshots
from facesnap_cli.transport import Transport, TransportOptions

if TYPE_CHECKING:
    from facesnap_cli.objects import Objects


@dataclass(frozen=True)
class Account:
    """A profile and its interfaces, each built on first use. Safe for several threads."""

    settings: Settings
    clock: Clock
    observe: Callable[[Exchange], None]
    extra_headers: tuple[tuple[str, str], ...] = ()
    warn: Callable[[str], None] = lambda text: None
    note: Callable[[str], None] = lambda text: None
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def profile(self) -> str | None:
        return self.settings.profile

    def place(self, object_id: str) -> str:
        """Return where an object is, as targets are written: `dr:employees`."""
        return f"{self.profile}:{object_id}" if self.profile else object_id

    @cached_property
    def endpoint(self) -> str:
        """The endpoint, checked. Raises UsageError where there is none."""
        endpoint: str | None = self.settings["endpoint"]
        if endpoint is None:
            who = f"profile {self.profile} has" if self.profile else "there is"
            raise UsageError(
                f"{who} no endpoint",
                hint="set FACESNAP_ENDPOINT and FACESNAP_KEY, or run facesnap config init; without an account:"
                " facesnap emulator start, then --profile emulator",
            )
        return endpoint

    @property
    def subscription_id(self) -> str | None:
        subscription_id: str | None = self.settings["subscription_id"]
        return subscription_id

    @property
    def transport(self) -> Transport:
        """The one transport of the account: its threads share a rate limit and the key that is in use."""
        with self._lock:
            return self._transport

    @cached_property
    def credential(self) -> Credential:
        """What authenticates its requests. Raises CredentialsError where there is nothing."""
        return credential_for(self.settings, self.clock)

    @cached_property
    def _transport(self) -> Transport:
        settings = self.settings
        limit = settings["rate_limit"]
        return Transport(
            TransportOptions(
                endpoint=self.endpoint,
                api_version=settings["api_version"],
                http_timeout_s=settings["http_timeout"],
                policy=RetryPolicy(max_retries=settings["max_retries"]),
                proxy=settings["proxy"],
                ca_bundle=settings["ca_bundle"],
                extra_headers=self.extra_headers,
            ),
            self.credential,
            clock=self.clock,
            limiter=RateLimiter(self.clock, limit.calls if limit else 0, limit.period_s if limit else 0.0),
            observe=self.observe,
            note=self.note,
        )

    @cached_property
    def snapshots(self) -> Snapshots:
        return Snapshots(self.transport, self.warn)

    @cached_property
    def objects(self) -> Objects:
        from facesnap_cli.objects import Objects

        return Objects(self.transport)

    def close(self) -> None:
        """Close its connections, if it made any."""
        if "_transport" in self.__dict__:
            self._transport.close()
