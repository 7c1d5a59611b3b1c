#!/usr/bin/env python3
"""A city's system beside Aduan: pushes reports, follows the feed, takes webhooks, as docs/openapi-public.yaml says.

    integrator.py --url https://aduan.example.go.id --token-file sandbox.token push "Lampu jalan padam" --target 33.74/PUPR
    integrator.py --url ... --token-file ... follow --cursor-file feed.cursor        prints events as JSON, for ever
    integrator.py receive --port 8400 --secret-file hook.secret                      a receiver; point `aduan conformance` at it

Standard library only.  Three things make it right, and whoever copies it should keep them: the key and `created` of a report are
drawn once and kept with it; the cursor is kept after what it stands behind was done; an event is known again by its id.
"""
import argparse
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

STALE = 300  # seconds that a webhook's timestamp may be from our clock


class Refused(Exception):
    """A repeat will not help: a person must look.  `problem` names the field and what would be right."""

    def __init__(self, problem):
        super().__init__(f"{problem.get('title')} {problem.get('field', '')} {problem.get('remedy', '')}".strip())
        self.problem = problem


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


class Integrator:
    """One account at one installation."""

    def __init__(self, url, token, patience=600):
        self.base, self.token, self.patience = url.rstrip("/") + "/api/v1", token, patience

    def _once(self, method, path, body=None, key=None, kind="application/json", wait=30):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        if key:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=wait) as answer:
            return json.load(answer)

    def call(self, method, path, body=None, **more):
        """Repeats on silence, 429 and 5xx until it is answered: an error never means "not taken"."""
        until, pause = time.monotonic() + self.patience, 1.0
        while True:
            try:
                return self._once(method, path, body, **more)
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise Refused(json.load(error)) from None
                pause = max(pause, float(error.headers.get("Retry-After", 0)))
            except OSError:
                pass
            if time.monotonic() + pause > until:
                raise TimeoutError("it is not known whether it was taken: send it again later, with the same key and created")
            time.sleep(pause)
            pause = min(pause * 2, 60)

    def upload(self, content):
        """Stores a file; what this account calls it, for `attachments`."""
        return self.call("PUT", "/files", content, kind="application/octet-stream")["digest"]

    def push(self, report, key):
        """A report.  `key` and report["created"] were drawn with it and are kept: sent again it is the same report."""
        return self.call("POST", "/reports", json.dumps(report).encode(), key=key)

    def say(self, number, what, words, key):
        """A reporter's word: what is replies, ratings, reopenings ...; words has the access_code."""
        return self.call("POST", f"/reports/{number}/{what}", json.dumps(words).encode(), key=key)

    def report(self, number):
        return self.call("GET", f"/reports/{number}")

    def page(self, cursor="", wait=25):
        """Events behind the cursor, and the next one; waits for some."""
        return self.call("GET", "/events?" + urllib.parse.urlencode({"cursor": cursor, "wait": wait}), wait=wait + 30)

    def follow(self, cursor=""):
        """(event, cursor or None) for ever: keep the cursor when what came before it is done."""
        while True:
            page = self.page(cursor)
            if page["restored"]:
                print("the server was restored: look at the reports of that time", file=sys.stderr)
            for event in page["events"]:
                yield event, None
            cursor = page["cursor"]
            yield None, cursor


# ---- webhooks: the feed, sent


def signed(secret, headers, body, clock=time.time):
    """Is it a delivery of ours, and of now?  `body`: the bytes as they came."""
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not stamp.isdigit() or abs(clock() - int(stamp)) > STALE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = "v1," + base64.b64encode(hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(right, said) for said in headers.get("webhook-signature", "").split())


class Receiver(http.server.ThreadingHTTPServer):
    """Takes deliveries; `take` gets each event once, as long as this process lives: a real one keeps the ids in its database, in
    the transaction that does what the event says."""

    daemon_threads = True

    def __init__(self, port, secret, take):
        self.secret, self.take, self.seen = secret, take, set()
        super().__init__(("127.0.0.1", port), Delivery)


class Delivery(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not signed(self.server.secret, self.headers, body):
            self.answer(401)
            return
        for event in json.loads(body)["events"]:  # members and types that are not known are passed over
            if event["id"] not in self.server.seen:
                self.server.seen.add(event["id"])
                self.server.take(event)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


# ---- the command


def text_of(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def keep(path, text):
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--url")
    options.add_argument("--token-file")
    does = options.add_subparsers(dest="does", required=True)
    push = does.add_parser("push")
    push.add_argument("text")
    push.add_argument("--target")
    push.add_argument("--external")
    push.add_argument("--file", action="append", default=[])
    follow = does.add_parser("follow")
    follow.add_argument("--cursor-file", required=True)
    receive = does.add_parser("receive")
    receive.add_argument("--port", type=int, required=True)
    receive.add_argument("--secret-file", required=True)
    said = options.parse_args()
    if said.does == "receive":
        Receiver(said.port, text_of(said.secret_file), lambda event: print(json.dumps(event), flush=True)).serve_forever()
    system = Integrator(said.url, text_of(said.token_file))
    if said.does == "push":
        report = {"text": said.text, "created": now(), "anonymous": True, "secret": False}
        report.update({name: getattr(said, name) for name in ("target", "external") if getattr(said, name)})
        for path in said.file:
            with open(path, "rb") as file:
                report.setdefault("attachments", []).append(system.upload(file.read()))
        print(json.dumps(system.push(report, str(uuid.uuid4()))))
        return
    cursor = text_of(said.cursor_file) if os.path.exists(said.cursor_file) else ""
    for event, behind in system.follow(cursor):
        if event:
            print(json.dumps(event), flush=True)
        else:
            keep(said.cursor_file, behind)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))
    except KeyboardInterrupt:
        pass
