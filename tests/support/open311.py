"""A city's client at the Open311 door, as strict as they come: every answer is read in both formats, and must say the same."""
import json
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

from web import Visitor

ENTRIES = {"services": "service", "service_requests": "request", "service_request_updates": "request_update", "errors": "error", "attributes": "attribute",
           "values": "value", "endpoints": "endpoint", "formats": "format", "groups": "group"}
ROOTS = {"discovery": "discovery", "services": "services", "services/": "service_definition", "requests": "service_requests", "requests/": "service_requests",
         "tokens/": "service_requests", "servicerequestupdates": "service_request_updates"}


def same(element, name, value):
    """The element says what JSON says under this name."""
    assert element.tag == name and not element.attrib, (element.tag, name)
    text = element.text or ""
    if isinstance(value, list):
        assert len(element) == len(value) and not text.strip()
        for child, entry in zip(element, value):
            same(child, ENTRIES[name], entry)
    elif isinstance(value, dict):
        said = {key: entry for key, entry in value.items() if not (entry is None and key.endswith("_datetime"))}
        assert [child.tag for child in element] == list(said), "the same members, in their order; no moment that is unknown"
        for child, (key, entry) in zip(element, said.items()):
            same(child, key, entry)
    elif value is None:
        assert len(element) == 0 and text == ""
    else:
        assert value != "", f"{name}: an empty text is null"
        assert text == (value if isinstance(value, str) else json.dumps(value)), name


def well_formed(text):
    done = subprocess.run(["xmllint", "--noout", "-"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


class City(Visitor):
    """`key`: its api_key; `base`: the endpoint."""

    def __init__(self, stack, key=None, base="/open311/v2", language="en"):
        super().__init__(stack, language)
        self.key, self.base = key, base

    def path(self, noun, ending, fields):
        query = urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None}, doseq=True)
        return f"{self.base}/{noun}.{ending}" + (f"?{query}" if query else "")

    def read(self, noun, expects=200, **fields):
        """What it says, in JSON; and XML said the same."""
        bare = noun == "discovery" and expects == 200
        plain, marked = self.get(self.path(noun, "json", fields)), self.get(self.path(noun, "xml", fields))
        assert (plain.status, marked.status) == (expects, expects), (plain.text, marked.text)
        return self.both(plain, marked, noun, bare)

    def both(self, plain, marked, noun, bare=False):
        charset = "" if bare else "; charset=utf-8"
        assert plain.headers["Content-Type"] == "application/json" + charset and marked.headers["Content-Type"] == "text/xml" + charset
        assert marked.bytes.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
        said = json.loads(plain.text)
        if plain.status >= 400:
            root = "errors"
            assert said and all(error["code"] == plain.status and error["description"] for error in said)
        else:
            root = ROOTS[noun.split("/")[0] + ("/" if "/" in noun else "")]
        same(ElementTree.fromstring(marked.bytes), root, said)
        return said

    def fields(self, words, **more):
        """A request that is right, but for `more`; None takes a field out."""
        said = {"api_key": self.key, "service_code": "K1", "lat": "-3.3333333", "long": "140.1234567", "address_id": "R91-01", "description": words, **more}
        return {name: value for name, value in said.items() if value is not None}

    def send(self, fields, files=(), ending="json", noun="requests"):
        return self.post(f"{self.base}/{noun}.{ending}", fields, files)

    def request(self, words, files=(), **more):
        """Sends one, again while it is told to come later, as intake may hear of a new account after aduan-web; its number."""
        deadline = time.monotonic() + 20
        answer = self.send(self.fields(words, **more), files)
        while answer.status == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
            answer = self.send(self.fields(words, **more), files)
        assert answer.status == 200, answer.text
        (said,) = json.loads(answer.text)
        assert set(said) == {"service_request_id", "service_notice", "account_id"}
        return said["service_request_id"]

    def update(self, number, update_id, status, words, files=(), **more):
        return self.send({"api_key": self.key, "service_request_id": number, "update_id": update_id, "updated_datetime": "2026-11-20T08:00:00+07:00",
                          "status": status, "description": words, **more}, files, noun="servicerequestupdates")
