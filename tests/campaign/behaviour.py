"""How receivers answer: each takes a request that was noted, and writes to its connection. What a
behaviour is going to do is drawn before, so that the note has the status.
"""

import asyncio
import time

HANG_SECONDS = 5
SLOW_SECONDS = (0.2, 0.8)
# Up and down in turn; the same time for each, so that a schedule outlasts it.
FLAP_SECONDS = 6
# Of requests to those that are well most of the time.
FAULTY = 0.3
GONE = 0.05
# Its bytes are read up to a limit; a receiver that sends more than this has made its point.
ENDLESS_BYTES = 4 << 20
CHUNK_BYTES = 64 * 1024

OK, REFUSED, THROTTLED, IS_GONE, BUSY = 204, 500, 429, 410, 503
# No head is sent.
SILENT = 0


def draw(behaviour, random):
    """What comes next: its name and the status that will be answered."""
    if behaviour == "good":
        return "answer", OK
    if behaviour == "slow":
        return "slow", OK
    if behaviour == "hanging":
        return "hang", SILENT
    if behaviour == "refusing":
        return "answer", REFUSED
    if behaviour == "flapping":
        return ("answer", OK) if int(time.time() / FLAP_SECONDS) % 2 else ("answer", BUSY)
    if behaviour == "moody":
        return draw(random.choice(("good", "slow", "hanging", "throttling", "closing", "endless")), random)
    if behaviour == "gone":
        return "answer", IS_GONE if random.random() < GONE else OK
    if random.random() >= FAULTY:
        return "answer", OK
    return {
        "throttling": ("throttle", random.choice((THROTTLED, BUSY))),
        "closing": (random.choice(("close", "close_in_head")), SILENT),
        "endless": ("endless", random.choice((OK + 1, REFUSED))),
    }[behaviour]


async def act(what, status, writer, random):
    """Answers; whether the connection goes on."""
    if what == "hang":
        await asyncio.sleep(HANG_SECONDS)
        return False
    if what == "slow":
        await asyncio.sleep(random.uniform(*SLOW_SECONDS))
    if what == "close":
        return False
    if what == "close_in_head":
        writer.write(b"HTTP/1.1 204 No Con")
        await writer.drain()
        return False
    if what == "endless":
        await endless(status, writer)
        return False
    more = f"retry-after: {random.randint(1, 3)}\r\n" if what == "throttle" else ""
    writer.write(f"HTTP/1.1 {status} .\r\n{more}content-length: 0\r\n\r\n".encode())
    await writer.drain()
    return True


async def endless(status, writer):
    writer.write(f"HTTP/1.1 {status} .\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    for _ in range(ENDLESS_BYTES // CHUNK_BYTES):
        writer.write(f"{CHUNK_BYTES:x}\r\n".encode() + bytes(CHUNK_BYTES) + b"\r\n")
        await writer.drain()
