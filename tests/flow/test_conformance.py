"""`aduan conformance`: receivers that are right and wrong, each in its own way, and a client's way to our API."""
import base64
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest

from api import account
from stack import BUILD, ROOT, WEB, Stack

sys.path.append(os.path.join(ROOT, "docs", "examples"))
from integrator import Delivery, Receiver, signed  # noqa: E402

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ALL = ["transport", "valid", "test", "again", "rotated", "newer", "large", "slow", "forged", "unsigned", "altered", "stale"]


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=WEB) as running:
        yield running


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "hook.secret"
    path.write_text(SECRET + "\n", encoding="ascii")
    return str(path)


def conformance(*words):
    ran = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "conformance", *words, "--json", "--lang=en"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert "Sanitizer" not in ran.stderr, ran.stderr
    return ran.returncode, json.loads(ran.stdout) if ran.stdout else ran.stderr


def verdicts(told, verdict):
    return {row["check"]: row.get("why", "") for row in told["checks"] if row["verdict"] == verdict}


class serving:  # pylint: disable=invalid-name
    """A receiver with this handler, for a while."""

    def __init__(self, handler=Delivery):
        self.taken = []
        self.server = Receiver(0, SECRET, self.taken.append)
        self.server.RequestHandlerClass = handler
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_the_example_is_right(secret_file):
    with serving() as there:
        status, told = conformance(there.url, "--secret-file", secret_file)
    assert [row["check"] for row in told["checks"]] == ALL
    assert status == 0 and told["wrong"] == 0 and set(verdicts(told, "doubt")) == {"transport"}, told
    ids = [event["id"] for event in there.taken]
    assert len(ids) == len(set(ids)) == 2 + 2 + 2 + 25 + 2, "a repeat has no effect"


class Careless(Delivery):
    """One fault: whatever a subclass says."""

    def answer_to(self, body):
        return 204 if signed(SECRET, self.headers, body) else 401

    def do_POST(self):
        self.answer(self.answer_to(self.rfile.read(int(self.headers["Content-Length"]))))


class TakesAll(Careless):
    def answer_to(self, body):
        return 204


class TakesStale(Careless):
    def answer_to(self, body):
        return 204 if signed(SECRET, self.headers, body, clock=lambda: int(self.headers.get("webhook-timestamp", 0))) else 401


class FirstSignature(Careless):
    def answer_to(self, body):
        said = {**dict(self.headers.items()), "webhook-signature": self.headers.get("webhook-signature", "").split(" ")[0]}
        return 204 if signed(SECRET, said, body) else 401


class NoRepeats(Careless):
    seen = set()

    def answer_to(self, body):
        name = self.headers.get("webhook-id")
        if name in self.seen:
            return 409
        self.seen.add(name)
        return super().answer_to(body)


class Strict(Careless):
    def answer_to(self, body):
        return 400 if b"conformance_newer" in body else super().answer_to(body)


class Small(Careless):
    def answer_to(self, body):
        return 413 if len(body) > 100000 else super().answer_to(body)


class Falls(Careless):
    def answer_to(self, body):
        return 204 if signed(SECRET, self.headers, body) else 500


class Moved(Careless):
    def answer_to(self, body):
        return 307


@pytest.mark.parametrize("handler, wrong, doubt, words", [
    (TakesAll, {"forged", "unsigned", "altered", "stale"}, set(), "compare the signature"), (TakesStale, {"stale"}, set(), "five minutes"),
    (FirstSignature, {"rotated"}, set(), "split webhook-signature"), (NoRepeats, {"again"}, set(), "webhook-id"), (Strict, {"newer"}, set(), "Pass over"),
    (Small, {"large"}, set(), "raise the limit"), (Falls, set(), {"forged", "unsigned", "altered", "stale"}, "answer 401"), (Moved, {"valid"}, {"rest"}, "redirect")],
    ids=lambda value: getattr(value, "__name__", ""))
def test_each_fault_is_told(secret_file, handler, wrong, doubt, words):
    with serving(handler) as there:
        status, told = conformance(there.url, "--secret-file", secret_file)
    assert set(verdicts(told, "wrong")) == wrong and set(verdicts(told, "doubt")) == {"transport"} | doubt, told
    assert status == (65 if wrong else 0)
    assert any(words in why for why in {**verdicts(told, "wrong"), **verdicts(told, "doubt")}.values()), told


def test_another_secret_nobody_and_nonsense(secret_file, tmp_path):
    other = tmp_path / "other.secret"
    other.write_text("whsec_" + base64.b64encode(bytes(32)).decode(), encoding="ascii")
    with serving() as there:
        status, told = conformance(there.url, "--secret-file", str(other))
        assert status == 65 and "Compare the secret" in verdicts(told, "wrong")["valid"] and [row["check"] for row in told["checks"]] == ["transport", "valid", "rest"]
        url = there.url
    status, told = conformance(url, "--secret-file", secret_file)
    assert status == 69 and list(verdicts(told, "wrong")) == ["valid"] and "No answer" in verdicts(told, "wrong")["valid"]
    assert conformance("ftp://x", "--secret-file", secret_file)[0] == 64
    assert conformance(url)[0] == 64
    other.write_text("rahasia", encoding="ascii")
    status, told = conformance(url, "--secret-file", str(other))
    assert status == 65 and "whsec_" in told


def test_people_read_it(secret_file):
    with serving(TakesStale) as there:
        ran = subprocess.run([os.path.join(BUILD, "deploy/aduan/aduan"), "conformance", there.url, "--secret-file", secret_file], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False, timeout=60, env={**os.environ, "LANG": "id_ID.UTF-8", "LC_ALL": ""})
    assert ran.returncode == 65 and "SALAH" in ran.stdout and "10 benar, 1 diragukan, 1 salah" in ran.stdout, ran.stdout


# ---- the API, as his client uses it

def test_the_api(stack, tmp_path):
    city = account(stack, "kota-uji")
    url, files = f"http://127.0.0.1:{stack.ports['web']}", {}
    for name, token in (("sandbox", city.sandbox.token), ("live", city.live.token), ("none", "0" * 64)):
        files[name] = str(tmp_path / name)
        with open(files[name], "w", encoding="ascii") as file:
            file.write(token + "\n")
    status, told = conformance(url + "/", "--token-file", files["sandbox"])
    assert status == 0 and told["wrong"] == 0 and set(verdicts(told, "doubt")) == {"transport"}, told
    assert [row["check"] for row in told["checks"]] == ["transport", "reach", "clock", "token", "nobody", "push", "repeat", "conflict", "unknown", "zone", "file",
                                                        "look", "feed", "cursor", "poll", "word", "code"]
    assert stack.sql("select count (*) from complaint")[0][0] == 0
    status, told = conformance(url, "--token-file", files["live"])
    assert status == 65 and "live" in verdicts(told, "wrong")["token"]
    assert stack.sql("select count (*) from complaint")[0][0] == 0
    status, told = conformance(url, "--token-file", files["none"])
    assert status == 65 and "sandbox" in verdicts(told, "wrong")["token"]


class Proxy(BaseHTTPRequestHandler):
    """Something between that drops Idempotency-Key and runs an hour late."""

    stack = None

    def handle_any(self):
        import http.client
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.stack.ports["web"], timeout=30)
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]}
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        text = answer.read()
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string(time.time() - 3600))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *_):
        pass


def test_what_lies_between_is_found(stack, tmp_path):
    city = account(stack, "kota-jauh")
    path = tmp_path / "token"
    path.write_text(city.sandbox.token, encoding="ascii")
    Proxy.stack = stack
    with serving(Proxy) as there:
        status, told = conformance(there.url.removesuffix("/hook"), "--token-file", str(path))
    wrong = verdicts(told, "wrong")
    assert status == 65 and set(wrong) == {"clock", "conflict"} and "Idempotency-Key" in wrong["conflict"] and "3600" in wrong["clock"].replace("3601", "3600"), told
