"""A receiver of webhooks that verifies what it gets by the SDK."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bookora.webhooks import receiver

from .service import PATIENCE


class Hooks:
    """What arrived, by the event's id; it answers `status` to what verifies."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/hooks"
        self.secrets: list[str] = []
        self.status = 204
        self.refused: list[receiver.ReceiverError] = []
        self._events: dict[str, receiver.Event] = {}
        self._arrival = threading.Condition()

    def take(self, body: bytes, headers: receiver.Headers) -> int:
        """Gives the status to answer with."""
        with self._arrival:
            try:
                event = receiver.verify(body, headers, self.secrets)
            except receiver.ReceiverError as error:
                self.refused.append(error)
                return receiver.status_of(error)
            self._events[event.id] = event
            self._arrival.notify_all()
            return self.status

    def wait_for(self, event_id: str) -> receiver.Event:
        """Waits for an event that verified."""
        with self._arrival:
            arrived = self._arrival.wait_for(lambda: event_id in self._events, PATIENCE)
            assert arrived, f"{event_id} did not arrive; refused were {self.refused}"
            return self._events[event_id]


@contextmanager
def receiving() -> Iterator[Hooks]:
    """Receives until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(hooks.take(body, self.headers))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hooks = Hooks(server)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hooks
        server.shutdown()
        thread.join()
