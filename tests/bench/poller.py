"""A server that only knows how long an operation runs: cheap enough not to be what is measured."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future


@contextlib.contextmanager
def slow_server(running_s: float) -> Iterator[tuple[str, Callable[[], int]]]:
    """Give an endpoint whose operations all end `running_s` after the first look, and a count of the looks."""
    started: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
    polls = [0]
    ends: list[float] = []

    def body() -> bytes:
        polls[0] += 1
        if polls[0] == 1:
            ends.append(time.monotonic() + running_s)
        over = bool(ends) and time.monotonic() > ends[0]
        status = {"status": "succeeded", "resourceLocation": f"/snapshots/{'a' * 8}-0000-4000-8000-{'a' * 12}"}
        return json.dumps(status if over else {"status": "running"}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                content = body()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(content), content))
                await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        started.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop()))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    port, loop = started.result()
    try:
        yield f"http://127.0.0.1:{port}", lambda: polls[0]
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join()
