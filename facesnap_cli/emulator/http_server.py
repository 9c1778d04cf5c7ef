"""Serve an emulator on a socket, in the main thread until a signal or in a thread beside the caller."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import uvicorn

from facesnap_cli.common.errors import FacesnapError, UsageError
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.emulator.accounts import Account
from facesnap_cli.emulator.banner import client_snippets
from facesnap_cli.emulator.certificates import Certificate, certificate
from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.face_service import Service
from facesnap_cli.emulator.options import EmulatorOptions
from facesnap_cli.emulator.protocol.app import create_app
from facesnap_cli.emulator.protocol.client_url import host_name
from facesnap_cli.emulator.protocol.connections import Connections
from facesnap_cli.emulator.protocol.fault_specs import fault_from
from facesnap_cli.emulator.protocol.traffic_log import TrafficLog, logged
from facesnap_cli.emulator.seeds.images import draw

__all__ = ["EmulatorOptions", "RunningEmulator", "running", "serve"]

_Result = TypeVar("_Result")
_START_TIMEOUT_S = 60.0
# How long requests may still be served once the emulator is told to stop.
_STOP_TIMEOUT_S = 2


def serve(options: EmulatorOptions, announce: Callable[[dict[str, object]], None], reporter: Reporter = SILENT) -> None:
    """Run an emulator until SIGTERM or SIGINT.

    Calls `announce` once, when the socket accepts connections, with the banner: see `_banner`. Raises UsageError if an
    option is wrong or the address is taken, DatabaseError if the data directory cannot be used.
    """
    with _prepared(options, reporter) as (listener, found, log):
        service = Service(options, Clock())
        endpoint = _endpoint(listener, options.scheme)
        server = _Server(service, found, log, lambda: announce(_banner(service, endpoint, listener, found)))
        with _stopped_by_signals(server):
            asyncio.run(server.serve([listener]))
        if server.failure:
            raise server.failure


class RunningEmulator:
    """An emulator in a thread of this process. Any thread may call its methods."""

    def __init__(self, endpoint: str, cert: Path | None, server: _Server, loop: asyncio.AbstractEventLoop) -> None:
        self.endpoint = endpoint
        self.cert = cert
        self._server = server
        self._loop = loop

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts with their keys. A seed fills the first one by default."""
        return self._server.service.accounts

    @property
    def clock(self) -> Clock:
        """The emulator's clock."""
        return self._server.service.clock

    def requests(self) -> dict[str, Any]:
        """Return the recorded calls as /_emulator/requests does: {total, counts, requests}."""
        return self._call(lambda: self._server.service.calls.document())

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._call(lambda: self._server.service.store.state.advance(seconds))

    def reset(self) -> None:
        """Restore the start: the seed, the faults of the options, no recorded calls, the machine's time."""
        self._call(lambda: self._server.service.reset())

    def faults(self, *faults: dict[str, object]) -> None:
        """Add faults after the active ones. Without arguments, remove all."""
        parsed = [fault_from(fault) for fault in faults]
        active = self._server.service.faults

        def change() -> None:
            if not parsed:
                active.clear()
            for fault in parsed:
                active.add(fault)

        self._call(change)

    def image(self, persisted_face_id: str) -> bytes:
        """Return a PNG that the emulator recognizes as a seeded face."""
        return draw(bytes.fromhex(persisted_face_id.replace("-", "")))

    def _call(self, action: Callable[[], _Result]) -> _Result:
        """Run `action` in the emulator's thread, the only one that may use its state."""
        future: Future[_Result] = Future()

        def run() -> None:
            try:
                future.set_result(action())
            except Exception as error:  # noqa: BLE001 - raised in the caller
                future.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return future.result()


@contextmanager
def running(options: EmulatorOptions) -> Iterator[RunningEmulator]:
    """Run an emulator in a thread while the block runs.

    Raises UsageError and DatabaseError as `serve` does.
    """
    started: Future[RunningEmulator] = Future()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def main() -> None:
        with _prepared(options) as (listener, found, log):
            loop = asyncio.get_running_loop()
            endpoint = _endpoint(listener, options.scheme)
            cert = None if found is None else found.cert

            def ready() -> None:
                started.set_result(RunningEmulator(endpoint, cert, server, loop))

            server = _Server(Service(options, Clock()), found, log, ready)
            await server.serve([listener])

    thread = threading.Thread(target=run, name="facesnap-emulator", daemon=True)
    thread.start()
    emulator = started.result(_START_TIMEOUT_S)
    try:
        yield emulator
    finally:
        emulator._server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals alone and calls `ready` when it accepts connections."""

    def __init__(self, service: Service, found: Certificate | None, log: TrafficLog, ready: Callable[[], None]) -> None:
        self.service = service
        self._ready = ready
        self.failure: FacesnapError | None = None
        connections = Connections()
        app = create_app(service)
        super().__init__(
            uvicorn.Config(
                connections.app(logged(app, log, service.clock) if log.is_used else app),
                http=connections.protocol(),
                loop="asyncio",
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                proxy_headers=False,  # only responses believe them, see client_url.py
                ssl_certfile=None if found is None else found.cert,
                ssl_keyfile=None if found is None else found.key,
                timeout_graceful_shutdown=_STOP_TIMEOUT_S,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            try:
                self._ready()
            except FacesnapError as failure:  # inside uvicorn it would end the server without its clean-up
                self.failure = failure
                self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopped_by_signals(server: _Server) -> Iterator[None]:
    """Stop the server at SIGTERM or SIGINT, so that the process ends with success."""

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _prepared(
    options: EmulatorOptions, reporter: Reporter = SILENT
) -> Iterator[tuple[socket.socket, Certificate | None, TrafficLog]]:
    """Give what an emulator needs of this machine: its socket, its certificate and its logs. Raises UsageError."""
    # What a client sends must not fill the terminal with uvicorn's complaints.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    for name in options.allowed_hosts:
        if host_name(name if ":" not in name else f"[{name.strip('[]')}]") is None:
            raise UsageError(f"--allow-host {name}: give a host name without port")
    log = TrafficLog(options.access_log, debug=options.debug, reporter=reporter)
    with closing(log), _listen(options) as listener:
        names = [options.address] if not ipaddress.ip_address(listener.getsockname()[0]).is_unspecified else []
        with certificate(options, [*names, *options.allowed_hosts]) as found:
            yield listener, found, log


def _listen(options: EmulatorOptions) -> socket.socket:
    host = options.address
    try:
        family = socket.getaddrinfo(host, options.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, options.port), family=family, backlog=2048)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no host name"
        raise UsageError(f"cannot listen at {host}: {reason}") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UsageError(
            f"cannot listen at {host} port {options.port}: {reason}", hint="--port 0 takes a free port"
        ) from error


def _endpoint(listener: socket.socket, scheme: str) -> str:
    """Return the URL at which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _banner(service: Service, endpoint: str, listener: socket.socket, found: Certificate | None) -> dict[str, object]:
    """Return {endpoint, port, dialect, service, tier, data, loose, oauth, certificate, accounts, clients}.

    `certificate` is what clients need to trust, None without HTTPS or if it was given. `accounts` are those of
    `Account.document`, `clients` are lines for each SDK that point it here.
    """
    options = service.options
    cert = str(found.cert.absolute()) if found is not None and found.self_made else None
    return {
        "endpoint": endpoint,
        "port": listener.getsockname()[1],
        "dialect": options.dialect,
        "service": options.service,
        "tier": options.tier,
        "data": None if options.data is None else str(options.data),
        "loose": options.loose,
        "oauth": options.oauth,
        "certificate": cert,
        "accounts": [account.document() for account in service.accounts],
        "clients": client_snippets(endpoint, service.accounts[0].keys[0], cert),
    }
