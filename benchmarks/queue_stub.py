"""A stand-in for SQS that discards every message.

It runs in another process, so that its CPU is not measured.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Queue(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet; otherwise the body waits for an acknowledgement

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))["MessageBody"].encode()
        # botocore checks the digest.
        answer = json.dumps({"MessageId": "m-1", "MD5OfMessageBody": hashlib.md5(body).hexdigest()}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def queue_stub() -> Iterator[str]:
    """Run the stand-in, and return its endpoint URL."""
    command = [sys.executable, "-m", "benchmarks.queue_stub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), _Queue) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
