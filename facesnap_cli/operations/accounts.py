"""Find the account that a profile, an operation or a subscription stands for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from facesnap_cli.common.errors import FacesnapError, UsageError

if TYPE_CHECKING:
    from facesnap_cli.common.clock import Clock
    from facesnap_cli.config.settings import Settings
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.identity import Resource
    from facesnap_cli.models.operations import Operation


class Accounts:
    """The accounts of this run, each connected once. Safe for several threads.

    The settings are loaded when they are first needed: commands that need none work with a broken configuration.
    """

    def __init__(self, load_settings: Callable[[], Settings], connect: Callable[[Settings], Account]):
        self._load_settings = load_settings
        self._connect = connect
        self._connected: dict[str | None, Account] = {}
        self._lock = threading.RLock()

    @property
    def settings(self) -> Settings:
        """The settings of the chosen profile."""
        return self._load_settings()

    @property
    def chosen(self) -> Account:
        """The account of the chosen profile."""
        return self._of_settings(self.settings)

    def of_profile(self, profile: str | None) -> Account:
        """Return the account of a profile; None is the chosen one. Raises UsageError if there is no such profile."""
        if profile in (None, self.settings.profile):
            return self.chosen
        return self._of_settings(self.settings.for_profile(profile))

    def usable(self, profile: str | None) -> Account:
        """Return the account of a profile as `of_profile`, after checking that it has an endpoint and a key."""
        account = self.of_profile(profile)
        account.client  # noqa: B018 (checks the endpoint, and that there is a key)
        return account

    def of_operation(self, operation: Operation) -> Account:
        """Return the account that started the operation. Raises UsageError if it is no longer configured."""
        if operation.profile is None or operation.profile in (self.settings.profile, *self.settings.profile_names):
            account = self.of_profile(operation.profile)
        else:
            account = self._like(operation)
        hint = "choose its profile, or set FACESNAP_ENDPOINT and FACESNAP_KEY to that account's"
        started_in, here = operation.resource, account.resource
        if started_in.key_digest and not here.key_digest:
            here = account.resource_by_key()
        elif not started_in.key_digest and (operation.profile is None or operation.profile != account.profile):
            # An earlier version recorded no key, or the profile had another name.
            started_in = started_in._replace(profile=here.profile, key_digest=here.key_digest)
        if started_in.compare(here).is_certain:
            return account
        if not started_in.compare_subscription(here).is_possible:
            where = f"in another subscription, {operation.subscription_id}"
        elif started_in.endpoint.lower() == here.endpoint.lower():
            where = f"at {operation.endpoint} with another key than the one in use now"
        else:
            where = f"at {operation.endpoint}, but {account.endpoint} is configured now"
        raise UsageError(f"{operation.title} was started {where}", hint=hint)

    def of_resource(self, resource: Resource, complete: Callable[[Resource], Resource]) -> Account | None:
        """Return the account of the profile that leads to a resource, or of the only one in its subscription.

        `complete` adds what else is known of a profile's account. Built-in profiles count if no other one fits.
        """
        own = self.settings.file.profiles
        for names in (own, [name for name in self.settings.profile_names if name not in own]):
            found = [(name, complete(known).compare(resource)) for name in names if (known := self.resource_of(name))]
            certain = [name for name, sameness in found if sameness.is_certain]
            if certain:
                return self.of_profile(certain[0])
            possible = [
                name for name, sameness in found if sameness.is_possible and self._is_in_subscription_of(name, resource)
            ]
            if possible:
                return self.of_profile(possible[0]) if len(possible) == 1 else None
        return None

    def other_profile(self, subscriptions: Collection[str] | None = None) -> str | None:
        """Return a profile of another account than the chosen one: one of these subscriptions, if they are given.

        Built-in profiles count beside one of their own.
        """
        settings = self.settings
        here = self.resource_of(settings.profile)
        names = settings.file.profiles if settings.profile in settings.file.profiles else settings.profile_names
        accepted = None if subscriptions is None else {subscription.lower() for subscription in subscriptions}
        for name in names:
            there = self.resource_of(name)
            if here is None or there is None or name == settings.profile or here.compare(there).is_possible:
                continue
            if accepted is None or (there.subscription_id or "").lower() in accepted:
                return name
        return None

    def service_now(self, clock: Clock) -> datetime:
        """Return the time of the first account's service that is known; this machine's without one."""
        known = [account.service_clock for account in self._connected.values() if account.service_clock.is_known]
        return known[0].now() if known else clock.now()

    def close(self) -> None:
        """Close the connections."""
        for account in self._connected.values():
            account.close()

    def _like(self, operation: Operation) -> Account:
        """Return the only account of the operation's endpoint and subscription: its profile may have been renamed."""
        names = dict.fromkeys([self.settings.profile, *self.settings.profile_names])
        found = [
            name
            for name in names
            if (resource := self.resource_of(name))
            and (operation.subscription_id and resource.subscription_id)
            and operation.resource._replace(profile=name).compare(resource).is_certain
        ]
        if len(found) == 1:
            return self.of_profile(found[0])
        why = (
            f"profiles {' and '.join(map(str, found))} both have its endpoint and subscription"
            if found
            else "nor is another one of its endpoint and subscription"
        )
        raise UsageError(
            f"{operation.title} was started with profile {operation.profile}, which is not in"
            f" {self.settings.file.path}{';' if found else ','} {why}",
            hint="--config names another configuration file",
        )

    def resource_of(self, profile: str | None) -> Resource | None:
        """Return what the settings tell of a profile's account, without connecting; None if they are wrong."""
        from facesnap_cli.config.resources import resource_of

        try:
            settings = self.settings if profile in (None, self.settings.profile) else self.settings.for_profile(profile)
            return resource_of(settings)
        except FacesnapError:  # another profile's mistake is not this command's to report
            return None

    def _is_in_subscription_of(self, profile: str, resource: Resource) -> bool:
        known = self.resource_of(profile)
        return bool(known and known.subscription_id and known.compare_subscription(resource).is_certain)

    def _of_settings(self, settings: Settings) -> Account:
        with self._lock:
            if settings.profile not in self._connected:
                self._connected[settings.profile] = self._connect(settings)
            return self._connected[settings.profile]
