"""Find the account that a profile, an operation or a subscription stands for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import FacesnapError, UsageError

if TYPE_CHECKING:
    from facesnap_cli.config.settings import Settings
    from facesnap_cli.face_api.account import Account
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
        if account.endpoint != operation.endpoint:
            raise UsageError(
                f"{operation.title} was started at {operation.endpoint}, but {account.endpoint} is configured now",
                hint=hint,
            )
        theirs, ours = operation.subscription_id, account.subscription_id
        if theirs and ours and theirs.lower() != ours.lower():  # regional endpoints are shared by many accounts
            raise UsageError(f"{operation.title} was started in another subscription, {theirs}", hint=hint)
        return account

    def of_subscription(self, subscription_id: str | None) -> Account | None:
        """Return the account of the only profile with this subscription id; built-in ones count if no other has it."""
        own = self.settings.file.profiles
        for names in (own, [name for name in self.settings.profile_names if name not in own]):
            found = [name for name in names if subscription_id and self._subscription_of(name) == subscription_id]
            if found:
                return self.of_profile(found[0]) if len(found) == 1 else None
        return None

    def service_now(self, clock: Clock) -> datetime:
        """Return the time of the first account's service that is known; this machine's without one."""
        known = [account.service_clock for account in self._connected.values() if account.service_clock.ahead]
        return known[0].now() if known else clock.now()

    def close(self) -> None:
        """Close the connections."""
        for account in self._connected.values():
            account.close()

    def _like(self, operation: Operation) -> Account:
        """Return the account of the operation's endpoint and subscription: its profile may have been renamed."""
        for name in dict.fromkeys([self.settings.profile, *self.settings.profile_names]):
            with contextlib.suppress(FacesnapError):  # another profile's mistake is not this command's to report
                account = self.of_profile(name)
                own = (account.endpoint, account.subscription_id)
                if operation.subscription_id and own == (operation.endpoint, operation.subscription_id):
                    return account
        raise UsageError(
            f"{operation.title} was started with profile {operation.profile}, which is not in"
            f" {self.settings.file.path}, nor is another one of its endpoint and subscription",
            hint="--config names another configuration file",
        )

    def _subscription_of(self, profile: str) -> str | None:
        try:
            found = self.settings.for_profile(profile).subscription_id
        except FacesnapError:  # another profile's mistake is not this command's to report
            return None
        return found.lower() if found else None

    def _of_settings(self, settings: Settings) -> Account:
        with self._lock:
            if settings.profile not in self._connected:
                self._connected[settings.profile] = self._connect(settings)
            return self._connected[settings.profile]
