"""Find or make the certificate of an emulator that serves HTTPS.

OpenSSL's program makes it: nothing here does cryptography, and no package that does is needed for an emulator.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.errors import UsageError, reason_with_path
from facesnap_cli.common.files import open_regular
from facesnap_cli.emulator.options import EmulatorOptions

_DAYS = 397  # the longest that Apple's systems accept
_RENEWED_AFTER_S = 300 * 86400
_OPENSSL_TIMEOUT_S = 30
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Certificate(NamedTuple):
    """The files of a certificate and its private key. Clients need to trust the certificate if it is self-made."""

    cert: Path
    key: Path
    self_made: bool


@contextmanager
def certificate(options: EmulatorOptions, host_names: Iterable[str]) -> Iterator[Certificate | None]:
    """Give the certificate of an emulator with these options, None if it serves HTTP.

    A self-made one is valid for this machine and for `host_names`. It is kept in the data directory, or until the block
    ends. Raises UsageError.
    """
    if options.key is not None and options.cert is None:
        raise UsageError("--key needs --cert, the certificate that the key belongs to")
    if options.cert is not None:
        yield _checked(Certificate(options.cert, options.key or options.cert, self_made=False))
        return
    if not options.https:
        yield None
        return
    names = list(dict.fromkeys((*_LOOPBACK, *host_names)))
    if options.data is not None:
        options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield _self_made(options.data, names)
        return
    with tempfile.TemporaryDirectory(prefix="facesnap-emulator-") as directory:
        yield _self_made(Path(directory), names)


def _self_made(directory: Path, names: list[str]) -> Certificate:
    """Return the certificate in `directory`, made anew unless it is young and for these names."""
    made = Certificate(directory / "certificate.pem", directory / "certificate.key", self_made=True)
    alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    title = f"# facesnap emulator: {alternatives}\n"
    try:
        age_s = time.time() - made.cert.stat().st_mtime
        if made.cert.read_text().startswith(title) and 0 <= age_s < _RENEWED_AFTER_S:
            return _checked(made)
    except (OSError, ValueError, UsageError):
        pass
    _make(made, alternatives, title)
    return _checked(made)


def _make(made: Certificate, alternatives: str, title: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise UsageError(
            "cannot make a certificate: the program openssl is not installed",
            hint="give one with --cert and --key, for example one that mkcert made",
        )
    new_cert, new_key = (Path(f"{path}.new") for path in (made.cert, made.key))
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", str(_DAYS), "-subj", "/CN=facesnap emulator", "-keyout", str(new_key), "-out", str(new_cert)]
    for extension in (
        f"subjectAltName={alternatives}",
        "keyUsage=critical,digitalSignature,keyCertSign",
        "extendedKeyUsage=serverAuth",
    ):
        command += ["-addext", extension]
    try:
        # The caller's configuration of OpenSSL might add to the certificate.
        environment = {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
        new_key.unlink(missing_ok=True)
        new_key.touch(mode=0o600)
        done = subprocess.run(  # noqa: S603 - no shell, and the names were checked
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_OPENSSL_TIMEOUT_S,
            env=environment,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise UsageError(f"cannot make a certificate: {program} failed: {reason}")
        new_cert.write_text(title + new_cert.read_text())
        new_key.replace(made.key)
        new_cert.replace(made.cert)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"cannot make a certificate: {reason_with_path(error)}") from error


def _checked(found: Certificate) -> Certificate:
    """Return a certificate that can be served with its key. Raises UsageError."""

    def refuse() -> str:
        raise UsageError(f"the private key in {found.key} has a password, which the emulator cannot ask for")

    try:
        for path in (found.cert, found.key):
            open_regular(path).close()  # OpenSSL would wait for a pipe
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.cert, found.key, refuse)
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        raise UsageError(f"the certificate {found.cert} cannot be used with the key {found.key}: {reason}") from error
    except OSError as error:
        raise UsageError(f"the certificate {found.cert} cannot be read: {error.strerror}") from error
    return found


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
