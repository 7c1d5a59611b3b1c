"""Whoever gets webhooks, for tests: takes, fails, hangs, redirects, talks too much; checks who signed.

    with Receiver() as receiver:
        receiver.secret = "whsec_..."
        receiver.does = "fail"          # take, fail, hang, redirect, flood, gone
        receiver.url                     # http://127.0.0.1:PORT/hook
        receiver.taken                   # events, in the order of their batches
"""
import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def signature(secret, message, stamp, body):
    """As Standard Webhooks say it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()


class Call:
    def __init__(self, path, headers, body):
        self.path, self.body = path, body
        self.id, self.stamp, self.signatures = headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"].split()
        self.json = json.loads(body)

    def signed_by(self, secret):
        return signature(secret, self.id, self.stamp, self.body) in self.signatures


class Receiver:
    def __init__(self, certificate=None):
        """`certificate`: a file with it and its key; then it speaks TLS."""
        self.secret, self.does, self.calls, self.taken, self.others = None, "take", [], [], []
        self.ended = threading.Event()
        self.changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                receiver.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self):  # pylint: disable=invalid-name
                with receiver.changed:
                    receiver.others.append(self.path)
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, body):
        call, does = Call(request.path, request.headers, body), self.does
        with self.changed:
            if request.path != "/hook":
                self.others.append(request.path)
            self.calls.append(call)
            if does == "take":
                self.taken += call.json["events"]
            self.changed.notify_all()
        if does == "hang":
            self.ended.wait(60)
            return
        status = {"take": 204, "fail": 500, "redirect": 307, "flood": 200, "gone": 410}[does]
        request.send_response(status)
        if does == "redirect":
            request.send_header("Location", self.url.replace("/hook", "/private"))
        flood = b"x" * 1000000 if does == "flood" else b""
        if status != 204:
            request.send_header("Content-Length", str(len(flood)))
        request.end_headers()
        try:
            request.wfile.write(flood)
        except OSError:
            pass

    def wait(self, condition, seconds=20):
        """What the condition finds, as soon as it finds something."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not (found := condition()):
                left = deadline - time.monotonic()
                assert left > 0, [(call.id, call.json) for call in self.calls]
                self.changed.wait(left)
            return found
