"""Refuse requests from web pages. A browser lets any page send requests to this machine."""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from facesnap_cli.emulator.protocol.encode import error_response
from facesnap_cli.emulator.protocol.service_errors import ServiceError

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def guarded(app: ASGIApp, host: str) -> ASGIApp:
    """Return `app`, which listens at `host`, behind a guard that refuses requests from web pages.

    If `host` is a loopback address, the guard also refuses any other name in the `Host` header: a web page's own name
    can be made to resolve to this machine (DNS rebinding), and then its requests have no `Origin`.
    """
    names = (*_LOOPBACK_NAMES, host.lower()) if _is_loopback(host) else ()

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        error = _error(Headers(scope=scope), names) if scope["type"] == "http" else None
        await (app if error is None else error_response(error))(scope, receive, send)

    return call


def _error(headers: Headers, names: tuple[str, ...]) -> ServiceError | None:
    if "origin" in headers:
        return ServiceError(403, "Forbidden", "The emulator answers no web page (the request has an Origin header).")
    name = headers.get("host", "").lower().rpartition("]")[0].removeprefix("[")
    name = name or headers.get("host", "").lower().partition(":")[0]
    if names and name and name not in names:
        return ServiceError(403, "Forbidden", "The emulator listens at this machine's own address alone.")
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
