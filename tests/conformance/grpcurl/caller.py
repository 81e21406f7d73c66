"""A caller of the service by grpcurl, as in a shell: a process for each call and each stream, and no
files of the contract: the server's reflection tells it what there is.
"""

import json
import random
import subprocess
import time

UNAVAILABLE, RESOURCE_EXHAUSTED = 14, 8
ATTEMPTS_MAX = 4


class Failed(Exception):
    """A call that ended with a status; it is a google.rpc.Status in JSON."""

    def __init__(self, said):
        super().__init__(said)
        # What is not a status is grpcurl's own, such as a request that it cannot read.
        self.status = json.loads(said) if said.startswith("{") else {"code": 2}


class Grpcurl:
    def __init__(self, target, ca_file=None, token=None):
        self.options = ["-cacert", ca_file] if ca_file else ["-plaintext"]
        if token:
            self.options += ["-H", f"authorization: Bearer {token}"]
        self.target = target

    def start(self, method, request, max_time=None):
        limit = ["-max-time", str(max_time)] if max_time else []
        process = subprocess.Popen(
            ["grpcurl", *self.options, "-format-error", "-emit-defaults", *limit, "-d", "@",
             self.target, method],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        return process

    def call(self, method, request):
        """grpcurl has no retries: this makes them."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                [answer] = self.stream(method, request, max_time=10)
                return answer
            except Failed as failed:
                if failed.status["code"] != UNAVAILABLE or attempt == ATTEMPTS_MAX:
                    raise
            time.sleep(random.uniform(0, 0.2 * 2**attempt))

    def stream(self, method, request, max_time=None):
        process = self.start(method, request, max_time)
        try:
            yield from messages(process.stdout)
            said = process.stderr.read()
            if process.wait() != 0:
                raise Failed(said)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()


def messages(lines):
    """The JSON objects that a process prints; each begins and ends with a brace at a line's begin."""
    text = ""
    for line in lines:
        text += line
        if line.startswith("}"):
            yield json.loads(text)
            text = ""


class Watch:
    """The messages of WatchDeliveries that tell something, each update once, over any number of
    streams.
    """

    METHOD = "bookora.webhooks.v1.DeliveryQuery/WatchDeliveries"

    def __init__(self, grpcurl, request):
        self.grpcurl, self.request = grpcurl, request
        self.revisions = {}
        self.resumed = False

    def __iter__(self):
        while True:
            try:
                for message in self.grpcurl.stream(self.METHOD, self.request):
                    if "snapshotComplete" in message or self.is_new(message.get("update")):
                        yield message
                    # Only now: the message has been dealt with.
                    self.request["resumeToken"] = message["resumeToken"]
            except Failed as failed:
                if failed.status["code"] not in (UNAVAILABLE, RESOURCE_EXHAUSTED):
                    raise
            self.resumed = True
            time.sleep(random.uniform(0.1, 1))

    def is_new(self, update):
        if not update:
            return False
        delivery = update["delivery"]
        seen = self.revisions.get(delivery["deliveryId"], 0)
        self.revisions[delivery["deliveryId"]] = max(seen, delivery["revision"])
        return delivery["revision"] > seen
