"""Define the accounts (Azure Face resources) of an emulator: the built-in ones, or those of a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from facesnap_cli.common.errors import UsageError, reason_of
from facesnap_cli.common.files import read_regular
from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.limits import TIERS

_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Account:
    """A Face resource. All of `keys` are valid; a request belongs to the account whose key it carries."""

    name: str
    region: str
    subscription_id: str
    resource_group: str
    tier: str
    keys: tuple[str, ...]

    @property
    def path(self) -> str:
        """The resource's ARM path, which is the `account` of its snapshots."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.name}"
        )

    def document(self) -> dict[str, object]:
        """Return the account's JSON in the start banner and the accounts file."""
        return {
            "name": self.name,
            "region": self.region,
            "subscriptionId": self.subscription_id,
            "resourceGroup": self.resource_group,
            "tier": self.tier,
            "keys": list(self.keys),
            "account": self.path,
        }


# These keys are public on purpose: they open nothing but an emulator.
BUILT_IN = (
    Account(
        name="facesnap-emulator",
        region="local",
        subscription_id="aaaaaaaa-0000-4000-8000-000000000001",
        resource_group="facesnap",
        tier="S0",
        keys=("a0000000000000000000000000000001", "a0000000000000000000000000000002"),
    ),
    Account(
        name="facesnap-emulator-target",
        region="local",
        subscription_id="bbbbbbbb-0000-4000-8000-000000000002",
        resource_group="facesnap",
        tier="S0",
        keys=("b0000000000000000000000000000001", "b0000000000000000000000000000002"),
    ),
)


def read_accounts(path: Path) -> tuple[Account, ...]:
    """Read a file of accounts.

    It is a JSON array of {name, region?, subscriptionId, resourceGroup?, tier?, keys}. Raises UsageError if the file
    cannot be read, or if two accounts have the same name or key.
    """
    try:
        document = json.loads(read_regular(path, _MOST_BYTES).content)
    except (OSError, ValueError) as error:
        raise UsageError(f"the accounts file {path} cannot be read: {reason_of(error)}") from error
    if not isinstance(document, list) or not document:
        raise UsageError(f"the accounts file {path} must hold a JSON array of accounts")
    accounts = tuple(_account(entry, f"{path}, account {number}") for number, entry in enumerate(document, 1))
    for attribute, values in (
        ("name", [account.name for account in accounts]),
        ("key", [key for account in accounts for key in account.keys]),
    ):
        if len(set(values)) < len(values):
            raise UsageError(f"the accounts file {path} gives the same {attribute} twice")
    return accounts


def _account(entry: object, where: str) -> Account:
    known = {"name", "region", "subscriptionId", "resourceGroup", "tier", "keys", "account"}
    if not isinstance(entry, dict) or not known.issuperset(entry):
        raise UsageError(f"{where}: an account is an object with the keys {', '.join(sorted(known))}")
    texts = {"region": "local", "resourceGroup": "facesnap", "tier": "S0"} | entry
    keys = texts.pop("keys", None)
    for key in ("name", "region", "subscriptionId", "resourceGroup", "tier"):
        if not isinstance(texts.get(key), str):
            raise UsageError(f"{where}: `{key}` must be a string")
    if guid(texts["subscriptionId"]) is None:
        raise UsageError(f"{where}: `subscriptionId` must be a GUID")
    if not re.fullmatch(r"[\w.-]{1,64}", texts["name"]):
        raise UsageError(f"{where}: `name` may hold letters, digits, - . _")
    if texts["tier"] not in TIERS:
        raise UsageError(f"{where}: `tier` must be one of {', '.join(TIERS)}")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise UsageError(f"{where}: `keys` must be an array of one or more strings")
    return Account(
        name=texts["name"],
        region=texts["region"],
        subscription_id=texts["subscriptionId"],
        resource_group=texts["resourceGroup"],
        tier=texts["tier"],
        keys=tuple(keys),
    )
