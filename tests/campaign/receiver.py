#!/usr/bin/env python3
"""The receivers in Python, of every behaviour: verify each request by the SDK, note it, and only then
answer. `receiver.py CAST NOTES`; its address is printed.
"""

import asyncio
import hashlib
import json
import pathlib
import random
import signal
import sys

import behaviour
from bookora.webhooks import receiver
from journal import Journal

BACKLOG = 512


class Request:
    """What came: its path, headers in lower case, and its body."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body


class Receivers:
    """All of them, on one port; the path says which."""

    def __init__(self, cast, journal):
        self.endpoints = {f"/{one['name']}": one for one in cast["endpoints"]}
        self.journal, self.random = journal, random.Random(cast["seed"])
        self.is_healed = False

    def heal(self):
        """From now on all answer well."""
        self.is_healed = True

    async def accept(self, reader, writer):
        try:
            while (request := await read(reader)) and await self.take(request, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            # The service was killed, or the connection cut, in the middle of it.
            pass
        finally:
            writer.close()

    async def take(self, request, writer):
        endpoint = self.endpoints[request.path]
        what, status = behaviour.draw("good" if self.is_healed else endpoint["behaviour"], self.random)
        self.note(endpoint, request, status)
        return await behaviour.act(what, status, writer, self.random)

    def note(self, endpoint, request, status):
        try:
            # Clocks are set here: a request may say that it is of another day.
            event = receiver.verify(request.body, request.headers, endpoint["secrets"], tolerance=None)
            told = {"id": event.id, "k": event.raw_data["customer_id"], "v": True}
        except receiver.ReceiverError as error:
            told = {"id": "", "k": "", "v": False, "why": str(error)}
        self.journal.note(p=endpoint["name"], d=request.headers["x-bookora-delivery"],
                          n=int(request.headers["x-bookora-attempt"]), s=status,
                          h=hashlib.sha256(request.body).hexdigest(), **told)


async def read(reader):
    """The next request of a connection; None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers["content-length"]))
    return Request(head[0].split()[1], headers, body)


async def serve(cast, journal):
    receivers = Receivers(json.loads(cast.read_text()), journal)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, receivers.heal)
    server = await asyncio.start_server(receivers.accept, "127.0.0.1", 0, backlog=BACKLOG)
    print(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(pathlib.Path(sys.argv[1]), Journal(sys.argv[2])))
