"""A stand-in for SQS that discards every message."""

import hashlib
import json
from contextlib import AbstractContextManager

from benchmarks.stand_ins import StandIn, serve, stand_in


class _Queue(StandIn):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))["MessageBody"].encode()
        # botocore checks the digest.
        answer = json.dumps({"MessageId": "m-1", "MD5OfMessageBody": hashlib.md5(body).hexdigest()}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def queue_stub() -> AbstractContextManager[str]:
    """Run the stand-in, and return its endpoint URL."""
    return stand_in("benchmarks.queue_stub")


if __name__ == "__main__":
    serve(_Queue)
