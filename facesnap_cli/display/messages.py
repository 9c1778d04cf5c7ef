"""Write notes, warnings, errors and the exchanges of `--debug` to stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.escape import harmless, harmless_json
from facesnap_cli.common.hints import Completion, Hint, as_hint, as_it_is

if TYPE_CHECKING:
    from facesnap_cli.display.log_file import LogFile
    from facesnap_cli.network.responses import Exchange

_SHOWN_BODY_BYTES = 4000


class Messages:
    """Writes lines to stderr, with control characters escaped.

    `quiet` leaves warnings and errors. The `log` gets what `verbose` shows, whatever stderr gets. `complete` adds this
    run's options to the commands that a message suggests.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: bool = False,
        debug: bool = False,
        complete: Completion = as_it_is,
        stream: TextIO | None = None,
        log: LogFile | None = None,
    ):
        self._log = log
        self._quiet = quiet
        self._verbose = verbose or debug
        self._debug = debug
        self._complete = complete
        self._stream = stream

    def note(self, text: str | Hint) -> None:
        self._say(text, is_shown=not self._quiet)

    def info(self, text: str | Hint) -> None:
        self._say(text, is_shown=self._verbose)

    def tell(self, text: str) -> None:
        """Say what a person must know, also with `--quiet`."""
        self._say(text)

    def remark(self, text: str) -> None:
        """Say what helps a person but not a log, such as why nothing is printed."""
        stream = self._stream or sys.stderr
        self._say(text, is_shown=self._verbose or (stream.isatty() and not self._quiet))

    def warn(self, text: str | Hint) -> None:
        self._say(text, "warning: ")

    def error(
        self,
        error: FacesnapError,
        *,
        as_json: bool,
        also: FacesnapError | None = None,
    ) -> None:
        """Show a fatal error: as one JSON object, or as its message and what to do on at most four lines.

        Only a file with more mistakes than that has more lines, one for each mistake, and `-v` adds what the service
        said. `also` is the error of the output, if that failed too.
        """
        if self._log:
            said = [line.text(self._complete) for line in error.lines(verbose=True)]
            self._log.write("; ".join([f"error: {said[0]}", *said[1:], *([also.message] if also else [])]))
        if as_json:
            import json

            if also:
                error.details["output"] = also.message
            self._write(harmless_json(json.dumps(error.document(self._complete), default=str)) + "\n")
            return
        message, *more = error.lines(verbose=self._verbose)
        self._line(message, "facesnap: ")
        for line in more:
            self._line(line, "  ")
        if also:
            self._line(also.message, "facesnap: ")

    def exchange(self, exchange: Exchange) -> None:
        """Show a request, its answer and a curl line for it. The key is in none of them."""
        if not self._debug:
            return
        self._trace(f"> {exchange.method} {exchange.url}")
        for name, value in [*exchange.headers.items(), (exchange.key_header, "***")]:
            self._trace(f"> {name}: {value}")
        if exchange.content is not None:
            self._trace(f"> {_shown(exchange.content)}")
        if exchange.response is None:
            self._trace(f"< no answer after {exchange.elapsed_s:.3f} s: {exchange.error}")
        else:
            self._trace(f"< {exchange.response.status} {exchange.response.reason} after {exchange.elapsed_s:.3f} s")
            for name, value in exchange.response.headers.items():
                self._trace(f"< {name}: {value}")
            if exchange.response.body:
                self._trace(f"< {_shown(exchange.response.body)}")
        self._trace(f"  {_curl(exchange)}")

    def _say(self, text: str | Hint, first: str = "", *, is_shown: bool = True) -> None:
        if self._log:
            self._log.write(first + as_hint(text).text(self._complete))
        if is_shown:
            self._line(text, first)

    def _trace(self, text: str) -> None:
        """Write a text on one line, however long it is, for a reader who copies it."""
        if self._log:
            self._log.write(text)
        self._write(f"{harmless(text)}\n")

    def _line(self, text: str | Hint, first: str = "") -> None:
        """Write a text on a line, at a terminal on as many as it needs; `first` is what the first one begins with."""
        from facesnap_cli.display.column_width import terminal_width, wrapped

        parts = [harmless(part) if isinstance(part, str) else self._complete(part) for part in as_hint(text).parts]
        lines = wrapped(parts, terminal_width(self._stream or sys.stderr), first=first, indent="  ")
        self._write("".join(f"{line}\n" for line in lines))

    def _write(self, text: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(text)
        stream.flush()


def _shown(body: bytes) -> str:
    text = body[:_SHOWN_BODY_BYTES].decode("utf-8", "replace")
    return text if len(body) <= _SHOWN_BODY_BYTES else f"{text}… ({len(body)} bytes)"


def _curl(exchange: Exchange) -> str:
    import shlex

    words = ["curl", "-sS", "-i", "-X", exchange.method]
    for name, value in exchange.headers.items():
        words += ["-H", f"{name}: {value}"]
    if exchange.content is not None and len(exchange.content) <= _SHOWN_BODY_BYTES:
        words += ["--data-binary", exchange.content.decode("utf-8", "replace")]
    value = "Bearer $FACESNAP_TOKEN" if exchange.key_header == "Authorization" else "$FACESNAP_KEY"
    return f'{shlex.join(words)} -H "{exchange.key_header}: {value}" {shlex.quote(exchange.url)}'
