"""A program of somebody who submits for others, at the public API.

    city = account (stack, "kota-app")          # its key and tokens, made by orders
    city.live.post ("/reports", {...}, key="k1").json
"""
import http.client
import json
import os
import time

from openapi import described, validated

PUBLIC = described("openapi-public.yaml")


def pattern_of(path):
    """The path as the description names it."""
    parts = path.split("?")[0].strip("/").split("/")
    if parts[0] == "reports" and len(parts) > 1:
        parts[1] = "{number}"
    return "/" + "/".join(parts)


class Said:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.bytes = response.read()

    @property
    def text(self):
        return self.bytes.decode()

    @property
    def json(self):
        return json.loads(self.bytes)


class Api:
    """One token.  What comes back is what the description says, or the test fails."""

    def __init__(self, stack, token):
        self.stack, self.token, self.language = stack, token, "en"

    def ask(self, method, path, body=None, headers=None, described_so=True, seconds=40):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.ports["web"], timeout=seconds)
        said = {"Accept-Language": self.language, **(headers or {})}
        if self.token:
            said["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, "/api/v1" + path, body, said)
        except BrokenPipeError:
            pass  # it is answered before it is read
        answer = Said(connection.getresponse())
        connection.close()
        return validated(PUBLIC, pattern_of(path), method.lower(), answer) if described_so else answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body, key=None, **more):
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        return self.ask("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), headers, **more)

    def put(self, path, body):
        return self.ask("PUT", path, body, {"Content-Type": "application/octet-stream"})

    def page(self, cursor="", **more):
        return self.get(f"/events?cursor={cursor}" + "".join(f"&{name}={value}" for name, value in more.items())).json

    def until(self, cursor, found, seconds=30):
        """Follows the feed from there until `found` (events so far) is something; that, and the cursor."""
        events, deadline = [], time.monotonic() + seconds
        while not (what := found(events)):
            assert time.monotonic() < deadline, events
            page = self.page(cursor, wait=2)
            events, cursor = events + page["events"], page["cursor"]
        return what, cursor


class Account:
    """An integrator: his name, a live token and a sandbox's."""

    def __init__(self, stack, name, live, sandbox):
        self.name, self.live, self.sandbox = name, Api(stack, live), Api(stack, sandbox)


def account(stack, name, boss=None, **limits):
    front, boss = stack.front(), boss or stack.person("91.01", "coordinator")
    assert front.order("make_key", boss, name=name, role="adapter", agency="91.01").word == "done"
    tokens = [front.order("make_token", boss, name=name, sandbox=sandbox, **limits)["token"] for sandbox in (False, True)]
    made = Account(stack, name, *tokens)
    deadline = time.monotonic() + 20
    while not known_to_intake(stack, name) or {made.live.get("/self").status, made.sandbox.get("/self").status} & {401, 503}:
        assert time.monotonic() < deadline, "aduan-web or intake does not hear of the account"
        time.sleep(0.05)
    return made


def known_to_intake(stack, name):
    try:
        with open(os.path.join(stack.folder, "snapshots", "intake", "principals.snapshot"), "rb") as file:
            return name.encode() in file.read()
    except FileNotFoundError:
        return False
