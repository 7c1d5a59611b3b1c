#!/usr/bin/env python3
"""A program at the desk's JSON API, in a person's name, as docs/desk.md and docs/openapi.yaml say; nothing but the
standard library.

    export ADUAN_PASSWORD=... ADUAN_FACTOR=BASE32        the secret= of the otpauth URI that the invitation showed
    desk_api.py wati inbox                               what is open at her agencies, what is due next first
    desk_api.py wati next answer TEMPLATE history        takes the next case, answers it with a template's text, shows it
    desk_api.py wati next hand-back 33.74/LH "Urusan Dinas Lingkungan Hidup." history
    desk_api.py wati case AGY9YAPR2Y7TA0 history         one case, by its number

Words are done in their order, in one session.  Ends with 0; 1: something was refused; 2: no word with the desk.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import secrets
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

STATES = dict(enumerate("received verified postponed assigned in_progress returned resolved archived blocked merged".split(), 1))
EVENTS = {1: "place", 2: "hand_over", 11: "ack", 12: "nack", 13: "release", 16: "progress", 17: "answer", 18: "ask",
          19: "hand_back", 20: "assign", 21: "support", 22: "close", 32: "reply", 33: "completion"}  # docs/lifecycle.md: all
NOT_OUR_DUTY = 1  # enum hand_back in common/wire/PROTOCOL.md


class Refused(Exception):
    """The desk's answer to what it did not do: nothing happened."""

    def __init__(self, status, problem):
        self.status, self.code = status, problem.get("code", "")
        super().__init__(": ".join(str(problem[k]) for k in ("title", "field") if problem.get(k)) + f" ({status} {self.code})")


def totp(secret, step):
    """RFC 6238: SHA-1, six digits, a step of 30 s."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


class Desk:
    def __init__(self, url, login, password, factor):
        self.url, self.who, self.token, self.step = url.rstrip("/") + "/api/v1", (login, password, factor), None, 0

    def login(self):
        """A code is good once: a second log-in waits for the next one."""
        login, password, factor = self.who
        while (step := int(time.time() // 30)) == self.step:
            time.sleep(30 - time.time() % 30)
        self.step, self.token = step, None
        self.token = self.call("/login", {"login": login, "password": password, "code": totp(factor, step)})["token"]

    def call(self, path, body=None, tries=5, **query):
        """GET, or with a body POST.  What was not answered is said again with the same key, so that it acts once."""
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept-Language": "en", "Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        for left in reversed(range(tries)):
            if self.token:
                headers["Authorization"] = "Bearer " + self.token
            try:
                with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as fault:  # an answer, though not a good one
                known = fault.headers.get_content_type() == "application/problem+json"
                refused = Refused(fault.code, json.load(fault) if known else {"title": fault.reason})
                if fault.code == 401 and self.token and left:  # the session is over, and nothing was done
                    self.login()
                elif fault.code != 503 or not left:
                    raise refused from None
            except (OSError, http.client.HTTPException):  # silence: it was done, or not
                if not left:
                    raise
            time.sleep(random.uniform(0.5, 1) * 2 ** (tries - 1 - left))

    def inbox(self, **query):
        """All pages of it."""
        page = self.call("/inbox", **query)
        yield from page["cases"]
        while page.get("more"):
            page = self.call("/inbox", **query, due=page["more_due"], after=page["more_id"])
            yield from page["cases"]

    def next(self):
        """A pull has no key: repeated it takes a further case.  What one without an answer took stands in the inbox, view=mine."""
        cases = self.call("/pull", {"count": 1}, tries=1)["cases"]
        return cases[0]["number"] if cases else None

    def act(self, number, act, **more):
        """In the name of the agency whose assignment is one's own, at the version that is seen now."""
        case = self.call(f"/cases/{number}")
        if "own" not in case:
            raise Refused(404, {"title": f"{number}: no assignment of yours"})
        said = {"act": act, "id": case["case"]["id"], "agency": case["own"]["agency_number"], "version": case["own"]["version"]}
        return self.call(f"/cases/{number}/acts", {**said, **more})["result"]

    def template(self, name):
        for template in self.call("/templates")["templates"]:
            if template["name"] == name:
                return template["text"]
        raise Refused(404, {"title": f"no template {name}"})

    def agency(self, code):
        """Acts name agencies by number."""
        for agency in self.call("/agencies", q=code)["agencies"]:
            if agency["code"] == code:
                return agency["number"]
        raise Refused(404, {"title": f"no agency {code}"})


def show(page):
    case = page["case"]
    print(f"{case['number']}  {STATES[case['state']]}, with {case['holder']}", case.get("title") or "-", case.get("body") or "-", sep="\n")
    for event in page["history"]:
        to = f" -> {event['receiver']}" if event.get("receiver") else ""
        at, what = event["at"][:19].replace("T", " "), EVENTS.get(event["kind"], event["kind"])
        print(f"  {at} {what} {event.get('agency') or '-'}{to}: {event.get('text') or ''}")


def main(login, *words):
    url = os.environ.get("ADUAN_DESK", "http://127.0.0.1:8312")
    desk = Desk(url, login, os.environ["ADUAN_PASSWORD"], os.environ["ADUAN_FACTOR"])
    desk.login()
    words, number = list(words), None
    while words:
        word = words.pop(0)
        if word == "inbox":
            for row in desk.inbox():
                print(f"{row['number']}  {row['agency']}  due {row['due']}  {STATES[row['state']]}  {row.get('title') or '-'}")
        elif word == "next":
            number = desk.next()
            print(f"taken: {number}" if number else "nothing waits")
            if not number:
                break
        elif word == "case":
            number = words.pop(0)
        elif word == "answer":
            print(f"{number}: answer {desk.act(number, 'answer', text=desk.template(words.pop(0)))}")
        elif word == "hand-back":
            to = desk.agency(words.pop(0))
            print(f"{number}: hand_back {desk.act(number, 'hand_back', reason=NOT_OUR_DUTY, suggested=to, text=words.pop(0))}")
        elif word == "history":
            show(desk.call(f"/cases/{number}"))
    desk.call("/logout", {})


if __name__ == "__main__":
    if len(sys.argv) < 3 or not {"ADUAN_PASSWORD", "ADUAN_FACTOR"} <= set(os.environ):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except Refused as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)
    except (OSError, http.client.HTTPException) as fault:
        print(f"the desk does not answer: {fault}", file=sys.stderr)
        sys.exit(2)
