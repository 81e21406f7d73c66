"""A caller of the service in Python: a channel that retries, and a watch that resumes."""

import pathlib
import random
import time

import grpc

# What a new stream can mend. A connection that is cut is UNAVAILABLE here.
RESUMABLE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}


def connect(target, service_config, ca_file=None, token=None):
    """One channel for the whole process: it is shared by all threads and reconnects by itself."""
    options = [
        ("grpc.service_config", pathlib.Path(service_config).read_text()),
        ("grpc.keepalive_time_ms", 60_000),
    ]
    compression = grpc.Compression.Gzip
    if ca_file is None:
        return grpc.insecure_channel(target, options, compression)
    credentials = grpc.ssl_channel_credentials(pathlib.Path(ca_file).read_bytes())
    if token is not None:
        credentials = grpc.composite_channel_credentials(
            credentials, grpc.access_token_call_credentials(token)
        )
    return grpc.secure_channel(target, credentials, options, compression)


class Watch:
    """The messages of WatchDeliveries that tell something, each update once, over any number of
    streams.
    """

    def __init__(self, query, request):
        self.query, self.request = query, request
        self.call = None
        self.revisions = {}
        self.resumed = False

    def __iter__(self):
        while True:
            try:
                # No timeout: a watch is meant to stay.
                self.call = self.query.WatchDeliveries(self.request)
                for message in self.call:
                    if message.HasField("snapshot_complete") or self.is_new(message):
                        yield message
                    # Only now: the message has been dealt with.
                    self.request.resume_token = message.resume_token
            except grpc.RpcError as error:
                if error.code() not in RESUMABLE:
                    raise
            self.resumed = True
            time.sleep(random.uniform(0.1, 1))

    def is_new(self, message):
        if not message.HasField("update"):
            return False
        delivery = message.update.delivery
        seen = self.revisions.get(delivery.delivery_id, 0)
        self.revisions[delivery.delivery_id] = max(seen, delivery.revision)
        return delivery.revision > seen

    def close(self):
        self.call.cancel()
