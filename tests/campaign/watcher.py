#!/usr/bin/env python3
"""A watcher of all accounts by the Python SDK, that hops: after a random number of messages or a moment of
silence it closes its watch, and goes on at any replica from the token that it has. `watcher.py CAST NOTES`;
`ready` is printed once nothing that follows can be missed.
"""

import faulthandler
import json
import pathlib
import random
import signal
import sys
import threading

import grpc

from bookora.webhooks import Client
from bookora.webhooks.v1 import WatchDeliveriesRequest
from journal import Journal

NAME = "python, hopping"
MESSAGES_MAX = 800
# After this a watch is closed that may have nothing more to say.
STAY_SECONDS = 20
PAUSE_SECONDS = 0.1
# What the SDK does not resume after where a stream had not begun to work: it is cut in its first moments.
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


def watch(client, journal, token, messages):
    """Watches from a token on, and gives the next."""
    request = WatchDeliveriesRequest(account_id="-", resume_token=token, include_snapshot=not token)
    with client.watch(request) as watching:
        end = threading.Timer(STAY_SECONDS, watching.close)
        end.start()
        try:
            for message in watching:
                if message.HasField("snapshot_complete"):
                    print("ready", flush=True)
                else:
                    note(journal, message.update)
                token = message.resume_token
                messages -= 1
                if messages <= 0:
                    break
        finally:
            end.cancel()
        # Of the last message that was noted, or of a heartbeat behind it.
        return token if messages <= 0 else watching.resume_token


def note(journal, update):
    one = update.delivery
    journal.note(w=NAME, d=one.delivery_id, r=one.revision, s=one.state, p=update.previous_state)


def main():
    # A signal shows where it waits.
    faulthandler.register(signal.SIGUSR1)
    cast, journal = json.loads(pathlib.Path(sys.argv[1]).read_text()), Journal(sys.argv[2])
    drawn, token = random.Random(f"watcher {cast['seed']}"), ""
    clients = [Client(address) for address in cast["replicas"]]
    while True:
        try:
            token = watch(drawn.choice(clients), journal, token, drawn.randint(1, MESSAGES_MAX))
            journal.note(w=NAME, hop=True)
        except grpc.RpcError as error:
            journal.note(w=NAME, error=error.code().name)
            if error.code() not in PASSING:
                raise
            threading.Event().wait(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
