"""Refuse requests from web pages. A browser lets any page send requests to this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from facesnap_cli.emulator.protocol.client_url import host_name
from facesnap_cli.emulator.protocol.encode import error_response
from facesnap_cli.emulator.protocol.service_errors import ServiceError

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class HostNames:
    """The names that a request may have in its `Host` header.

    A web page's own name can be made to resolve to this machine (DNS rebinding), and then its requests have no
    `Origin`. So an emulator at a loopback address, or with a list of names, accepts no others. Elsewhere it accepts
    addresses too, which no page can have as its name in this way.
    """

    def __init__(self, host: str, allowed: Iterable[str], accounts: Iterable[str]) -> None:
        self._loopback = _is_loopback(host)
        names = [name.lower().strip("[]") for name in allowed]
        self._names: frozenset[str] | None = None
        if self._loopback or names:
            own = [f"{account}.localhost".lower() for account in accounts]
            self._names = frozenset((*_LOOPBACK_NAMES, host.lower(), *names, *own))

    def allow(self, name: str) -> bool:
        """Return whether a request may have this name, without its port and in lower case."""
        return self._names is None or name in self._names or (not self._loopback and _is_address(name))


def guarded(app: ASGIApp, names: HostNames) -> ASGIApp:
    """Return `app` behind a guard that refuses requests from web pages."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        error = _error(Headers(scope=scope), names) if scope["type"] == "http" else None
        await (app if error is None else error_response(error))(scope, receive, send)

    return call


def _error(headers: Headers, names: HostNames) -> ServiceError | None:
    if "origin" in headers:
        return ServiceError(403, "Forbidden", "The emulator answers no web page (the request has an Origin header).")
    hosts = headers.getlist("host")
    if len(hosts) > 1:
        return ServiceError(400, "BadRequest", "The request has more than one Host header.")
    if hosts and hosts[0]:
        name = host_name(hosts[0])
        if name is None or not names.allow(name):
            return ServiceError(403, "Forbidden", "The emulator does not answer to this host name (see --allow-host).")
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
