"""Check an account: endpoint, key, subscription, service, clock, snapshots and quota."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from facesnap_cli.backups.health.finding import Check, Found, Health, ok
from facesnap_cli.common.errors import CredentialsError, FeatureMissingError, OutcomeUnknownError, UnreachableError
from facesnap_cli.common.hints import Hint, command

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.network.authentication import Credential
    from facesnap_cli.network.responses import Response
    from facesnap_cli.operations.dependencies import Dependencies

TOLERATED_SKEW_S = 60.0
FEW_LEFT = 10


class AccountChecks:
    """The checks of one profile's account, in the order in which problems are to be mended.

    Each is a method that returns what it found or raises what is wrong.
    """

    def __init__(self, dependencies: Dependencies, profile: str | None = None, *, is_of_plan: bool = False):
        """Check the account of a profile, None for the chosen one. An account `is_of_plan` must have snapshots."""
        self._dependencies = dependencies
        self._profile = profile
        self._is_of_plan = is_of_plan
        self._response: Response | None = None
        self._keys: list[Credential] = []

    def checks(self, *, with_snapshots: bool = True) -> Sequence[Check]:
        """Return the checks, those of snapshots only if the account needs them."""
        checks = [
            Check("endpoint", ("configuration",), self._endpoint),
            Check("key", ("endpoint",), self._key),
            Check("subscription", ("configuration",), self._subscription),
            Check("service", ("key",), self._service),
            Check("clock", ("service",), self._clock),
            Check("snapshots", ("service",), self._snapshots),
            Check("quota", ("journal", "endpoint"), self._quota),
        ]
        return [check for check in checks if with_snapshots or check.name not in ("snapshots", "quota")]

    @property
    def _account(self) -> Account:
        return self._dependencies.accounts.of_profile(self._profile or None)

    def _endpoint(self) -> Found:
        from facesnap_cli.network.proxy import proxy_for

        settings, endpoint = self._account.settings, self._account.endpoint
        proxy = proxy_for(endpoint, settings.proxy)
        way = f", through the proxy {proxy}" if proxy else ""
        return ok(f"{endpoint}{way}, from {settings.describe_source('endpoint')}")

    def _subscription(self) -> Found:
        settings = self._account.settings
        if settings.subscription_id:
            return ok(f"{settings.subscription_id}, from {settings.describe_source('subscription_id')}")
        about = ("--profile", self._profile) if self._profile else ()
        to_mend = command("config", "set", "subscription_id", "GUID", *about)
        message = "its id is not known: copy needs it of each target, and it tells accounts at one endpoint apart"
        return Health.WARNING, message, Hint("the portal shows it on the resource's overview: ", to_mend)

    def _key(self) -> Found:
        settings = self._account.settings
        self._keys = self._account.credential.each()
        if settings.auth == "entra" and not settings.key:
            return ok("a token of Microsoft Entra ID")
        return ok(" and ".join(f"{name} from {settings.describe_source(name)}" for name in self._sources()))

    def _sources(self) -> list[str]:
        """Return the setting that gives the first key, and the one that gives the second, if there is one."""
        from facesnap_cli.face_api.credentials import SECOND_SOURCES, key_sources_of

        settings = self._account.settings
        names = [*key_sources_of(settings), *(name for name in SECOND_SOURCES if settings.value_of(name))]
        return names[: len(self._keys)]

    def _service(self) -> Found:
        started = self._dependencies.clock.monotonic()
        refusals = [self._refusal(key) for key in self._keys]
        if refusals[0] and len(refusals) == 1:
            raise refusals[0]
        if refusals[0] and refusals[1]:
            raise CredentialsError(
                f"it refuses both keys, {' and '.join(self._sources())} (401)",
                hint=Hint.joined(refusal.hint for refusal in refusals if refusal),
            )
        first, second = (*self._sources(), "", "")[:2]
        if refusals[0]:
            return (
                Health.WARNING,
                f"it refuses the first key, {first} (401), and takes the second, {second}: runs go on with that",
                f"put the resource's new key into {first}",
            )
        if refusals[1:] and refusals[1]:
            return (
                Health.WARNING,
                f"it takes the first key, {first}, and refuses the second, {second} (401)",
                f"put the resource's other key into {second} before you regenerate the first",
            )
        which = "the key" if len(refusals) == 1 else "both keys"
        return ok(f"it answers and takes {which}, after {self._dependencies.clock.monotonic() - started:.1f} s")

    def _refusal(self, key: Credential) -> CredentialsError | None:
        """Return how the service refuses a key, None if it takes it. Raises what else is wrong."""
        with closing(self._account.client_with(key)) as client:
            try:
                self._response = client.request(
                    "GET", "/persongroups", params={"top": "1"}, what="list person groups", retry=False
                )
            except CredentialsError as error:
                if error.details.get("httpStatus") == 401:
                    return error
                raise
        return None

    def _clock(self) -> Found:
        from email.utils import parsedate_to_datetime

        from facesnap_cli.common.time_format import format_duration

        assert self._response
        try:
            service_time = parsedate_to_datetime(self._response.headers.get("date", ""))
            skew_s = (self._dependencies.clock.now() - service_time).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return ok("the service does not say what time it is")
        if abs(skew_s) <= TOLERATED_SKEW_S:
            return ok("this machine's and the service's agree")
        side = "ahead of" if skew_s > 0 else "behind"
        return (
            Health.WARNING,
            f"this machine's is {format_duration(abs(skew_s))} {side} the service's",
            "set it (timedatectl set-ntp true): it says how long snapshots last, and whether --max-age takes one",
        )

    def _snapshots(self) -> Found:
        try:
            self._account.snapshots.probe()
        except FeatureMissingError as error:
            if self._is_of_plan:
                error.hint = Hint('write method = "export" in the items of this profile: it works without snapshots')
                raise
            what_differs = "what import builds has new ids, and needs the original images"
            return Health.NOTE, error.message, Hint.joined([error.hint, what_differs])
        except OutcomeUnknownError as error:
            raise UnreachableError(error.message, hint="try again later") from error
        return ok("the endpoint offers them")

    def _quota(self) -> Found:
        from facesnap_cli.models.operations import OperationKind
        from facesnap_cli.operations.quota import quota

        both = [quota(self._dependencies, self._account, kind) for kind in OperationKind]
        message = "; ".join(str(each) for each in both)
        if min(each.left for each in both) < FEW_LEFT:
            return Health.WARNING, message, "more are refused until some are older than a day (free accounts: a month)"
        return ok(message)
