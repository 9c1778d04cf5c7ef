"""A proxy that opens the tunnel it is asked for and notes what it sees of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Tunnel:
    """Answers CONNECT and forwards bytes both ways; this machine plays the hosts of Azure."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.seen = b""
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                head = client.recv(65536)
                host, _, port = head.split(b" ")[1].decode().rpartition(":")
                is_played = host == "localhost" or host.endswith(".azure.com")
                target = socket.create_connection(("127.0.0.1" if is_played else host, int(port)))
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                self.seen += head
                for source, sink in ((client, target), (target, client)):
                    thread = threading.Thread(target=self._forward, args=(source, sink), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                self.seen += chunk
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


@contextlib.contextmanager
def tunnelling() -> Iterator[Tunnel]:
    """Run a tunnel for as long as the block lasts."""
    tunnel = Tunnel()
    try:
        yield tunnel
    finally:
        tunnel.close()
