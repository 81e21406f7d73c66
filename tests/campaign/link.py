#!/usr/bin/env python3
"""Connections that can be cut and stalled: proxies on free ports of loopback, in a process of their own.

Each line of its input says what becomes of one: `{"open": "ip:port"}` opens another, and its address is
printed; `{"link": 0, "state": "whole"}`, `"cut"` (connections are reset, new ones too) or `"stalled"`
(nothing comes through, and neither side is told). `Links` is how another process does that.
"""

import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading

# Bytes that are on the way in one direction of a connection.
BUFFER_BYTES = 64 * 1024
# Closes with a reset: what was on the way is gone.
RESET = struct.pack("ii", 1, 0)


class Link:
    """One of them."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.state, self.is_moving = "whole", asyncio.Event()
        self.is_moving.set()
        self.writers = set()

    async def open(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0, backlog=512)
        return self.server.sockets[0].getsockname()[1]

    def become(self, state):
        self.state = state
        if state == "stalled":
            self.is_moving.clear()
        else:
            self.is_moving.set()
        if state == "cut":
            for writer in list(self.writers):
                reset(writer)

    async def accept(self, reader, writer):
        self.writers.add(writer)
        try:
            await self.is_moving.wait()
            if self.state == "cut":
                return
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
            self.writers.add(far_writer)
            try:
                await asyncio.gather(self.forward(reader, far_writer), self.forward(far_reader, writer))
            finally:
                self.writers.discard(far_writer)
                reset(far_writer)
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            reset(writer)

    async def forward(self, reader, writer):
        while True:
            some = await reader.read(BUFFER_BYTES)
            await self.is_moving.wait()
            if not some:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(some)
            await writer.drain()


def reset(writer):
    found = writer.get_extra_info("socket")
    if found is not None and not writer.transport.is_closing():
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def serve():
    loop, links = asyncio.get_running_loop(), []
    said = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
    while line := await said.readline():
        told = json.loads(line)
        if "open" in told:
            host, port = told["open"].rsplit(":", 1)
            links.append(Link(host, int(port)))
            print(f"127.0.0.1:{await links[-1].open()}", flush=True)
        else:
            links[told["link"]].become(told["state"])
            print("done", flush=True)


class Links:
    """The process with the links, seen from outside."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, "-B", __file__], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lock, self.count = threading.Lock(), 0
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def tell(self, **what):
        with self.lock:
            print(json.dumps(what), file=self.process.stdin, flush=True)
            return self.process.stdout.readline().strip()

    def open(self, host):
        """A link to `ip:port`: its number, and its near end."""
        near = self.tell(open=host)
        self.count += 1
        return self.count - 1, near

    def become(self, number, state):
        self.tell(link=number, state=state)


if __name__ == "__main__":
    asyncio.run(serve())
