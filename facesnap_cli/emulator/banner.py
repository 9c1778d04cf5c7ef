"""Show a person where an emulator is and how to use it."""

from __future__ import annotations

from typing import Any

from facesnap_cli.emulator.options import DEFAULT_PORT


def banner_lines(banner: dict[str, Any]) -> list[str]:
    """Return the banner of `serve` as text: the endpoint, the keys, and a command that uses them."""
    limits = f", tier {banner['tier']}" if banner["tier"] else ""
    lines = [
        f"Face emulator at {banner['endpoint']}",
        f"  dialect {banner['dialect']}, service {banner['service']}{limits},"
        f" data {'in ' + banner['data'] if banner['data'] else 'in memory'}",
    ]
    for account in banner["accounts"]:
        lines += [
            "",
            f"{account['name']} ({account['tier']}, {account['region']})",
            f"  subscription  {account['subscriptionId']}",
            *(f"  key           {key}" for key in account["keys"]),
        ]
    key = banner["accounts"][0]["keys"][0]
    lines += ["", f"FACESNAP_ENDPOINT={banner['endpoint']} FACESNAP_KEY={key} facesnap list"]
    if banner["port"] == DEFAULT_PORT and banner["accounts"][0]["name"] == "facesnap-emulator":
        lines.append("or: facesnap list --profile emulator")
    return [*lines, "Ctrl-C stops it."]
