"""A reporter at the public door: pages as a browser without a script reads them."""
import html
import http.client
import re
import urllib.parse

BOUNDARY = "aduan-test-boundary"


class Answer:
    """What came back: status, headers, text."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.bytes = response.read()

    @property
    def text(self):
        return self.bytes.decode()

    def fields(self):
        """The hidden fields and typed values of the page's forms, the last of a name."""
        return {name: html.unescape(value) for name, value in re.findall(r'<input[^>]*name="([a-z_0-9]+)"[^>]*value="([^"]*)"', self.text)}

    def faults(self):
        return re.findall(r'<li><a href="#([a-z_]+)">', self.text)

    def receipt(self):
        """Number and code of a receipt."""
        number, code = re.search(r'id="r_number">([^<]+)<', self.text)[1], re.search(r'id="r_code">([^<]+)<', self.text)[1]
        return number, code.replace(" ", "")


class Visitor:
    """One browser: its cookies, its address."""

    def __init__(self, stack, language="id"):
        self.port, self.language, self.cookies = stack.ports["web"], language, {}

    def ask(self, method, path, body=None, headers=None, seconds=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        said = {"Accept-Language": self.language, **(headers or {})}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, said)
        answer = Answer(connection.getresponse())
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
            if "Max-Age=0" in cookie:
                del self.cookies[name]
        if answer.status == 303 and answer.headers["Location"] == "/receipt":
            return self.get("/receipt")
        return answer

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, fields, files=(), **more):
        """A form; `files`: (field, file name, bytes)."""
        if not files:
            return self.ask("POST", path, urllib.parse.urlencode(fields, doseq=True), {"Content-Type": "application/x-www-form-urlencoded"}, **more)
        parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
        for field, name, content in files:
            parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode())
            parts += [content, b"\r\n"]
        parts.append(f"--{BOUNDARY}--\r\n".encode())
        return self.ask("POST", path, b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, **more)

    def form(self, words, **more):
        """The fields of a report that is right, but for `more`."""
        fields = self.get("/report").fields()
        return {"token": fields["token"], "created": str(int(fields["created"].split("-")[0]) - 5000),  # a person takes longer than a test; as an earlier version drew it
                 "class": "1", "text": words, "location": "Jalan Kenari, dekat pasar",
                "incident": fields["incident"], "open": "1", "anonymous": "2", **more}

    def opens(self, number, code):
        """What number and code show together: the page of the case; None where they open none."""
        taken = self.post("/track", {"number": number, "code": code})
        return self.get("/case").text if taken.status == 303 else None

    def report(self, words, files=(), **more):
        """Sends a report; number and code."""
        answer = self.post("/report", self.form(words, **more), files)
        assert answer.status == 200, answer.text
        return answer.receipt()


def holder_says(stack, worker, number, acts, unit="91.01/PUPR"):
    """What the unit does that has the case, and pulls it: (act, text, tags)."""
    agency, case = stack.agency(unit), None
    while not case or case["number"] != number:
        (case,) = worker.pull([agency], 1, wait=5000, lease=60000)
        assert worker.act(case, "ack")[0] == "done"
    for at, (act, text, tags) in enumerate(acts):
        assert worker.act(case, act, text, version=case["version"] + 1 + at, **tags)[0] == "done", act
