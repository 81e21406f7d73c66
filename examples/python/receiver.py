"""A receiver of Bookora's webhooks, to be copied.

It verifies each request, prints a line for each event, and drops what it has had. PORT 0 is a free
port; it prints which.
"""

import os
import socket
import sys
from collections import OrderedDict

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

from bookora.webhooks import receiver

# While a secret is being replaced there are both.
SECRETS = os.environ.get("BOOKORA_WEBHOOK_SECRET", "").split()

app = FastAPI(openapi_url=None)


class Memory:
    """The ids of the last events.

    A real receiver keeps them where it keeps what it did with the events, so that a restart forgets
    none.
    """

    def __init__(self, events_max: int) -> None:
        self._max = events_max
        self._seen: OrderedDict[str, None] = OrderedDict()

    def is_new(self, event_id: str) -> bool:
        """Whether the event was not asked about before; remembers it."""
        if event_id in self._seen:
            return False
        self._seen[event_id] = None
        if len(self._seen) > self._max:
            self._seen.popitem(last=False)
        return True


seen = Memory(events_max=10_000)


@app.post("/hooks")
async def hooks(request: Request) -> Response:
    """Takes a webhook."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > receiver.BODY_BYTES_MAX:
            return PlainTextResponse("the body is too large", 413)
    try:
        event = receiver.verify(body, request.headers.raw, SECRETS)
    except receiver.ReceiverError as error:
        print(error, file=sys.stderr)
        return PlainTextResponse(str(error), receiver.status_of(error))
    # Store the event, answer within 5 seconds, and do the work afterwards.
    if seen.is_new(event.id):
        print(describe(event), flush=True)
    return Response(status_code=204)


def describe(event: receiver.Event) -> str:
    """One line about an event."""
    match event.data:
        case receiver.BookingCreated(customer_name=name, service=service, start_time=start):
            about = f"{name} has booked {service} for {start:%a, %d %b %Y %H:%M %Z}"
        case receiver.BookingCancelled(customer_name=name, service=service):
            about = f"{name} has cancelled {service}"
        case _:
            about = str(dict(event.raw_data))
    return f"{event.type} {event.id}: {about}"


def main() -> None:
    """Receives until it is interrupted."""
    if not SECRETS:
        sys.exit("set BOOKORA_WEBHOOK_SECRET to the endpoint's secret")
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    print(f"receiving at /hooks on port {listener.getsockname()[1]}", flush=True)
    # Bookora sends to https only: put a server that speaks it before this one.
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
