"""Over HTTP: a browser without a script, and a program, at aduan-desk's door.

    page = Browser(stack, person).get("/inbox")            # page.status, page.text, page.headers
    page = browser.post(page.form("/next"))                 # the form of that address as it stands, with what is given
    Program(stack, person).get("/inbox").json
"""
import html.parser
import http.client
import json
import os
import urllib.parse


class Form:
    def __init__(self, action, method):
        self.action, self.method, self.fields, self.buttons = action, method, {}, []


class _Forms(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.forms, self.select, self.area = [], None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attrs.get("action"), attrs.get("method", "get")))
        if not self.forms:
            return
        form, name = self.forms[-1], attrs.get("name")
        if tag == "input" and name and (attrs.get("type") not in ("radio", "checkbox") or "checked" in attrs):
            form.fields[name] = attrs.get("value", "")
        elif tag == "button":
            form.buttons.append((name, attrs.get("value")))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and (self.select not in form.fields or "selected" in attrs):
            form.fields[self.select] = attrs.get("value", "")
        elif tag == "textarea":
            self.area = name

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        if tag == "textarea":
            self.area = None

    def handle_data(self, data):
        if self.area and self.forms:
            self.forms[-1].fields[self.area] = data


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.bytes = response.status, response.headers, response.read()

    @property
    def text(self):
        return self.bytes.decode()

    @property
    def json(self):
        return json.loads(self.bytes)

    @property
    def location(self):
        return self.headers["Location"]

    def forms(self, action=None, button=None):
        return [form for form in _Forms(self.text).forms
                if action in (None, form.action) and (button is None or any(value == button for _, value in form.buttons))]

    def form(self, action, button=None):
        found = self.forms(action, button)
        assert found, f"no form of {action} with {button} in\n{self.text}"
        return found[0]


class Client:
    cookie = "aduan"

    def __init__(self, stack, who=None, source="127.0.0.1", **always):
        self.port, self.session = stack.ports["desk"], who and who.session
        self.source = source
        self.always = always  # headers of each request

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(self.source, 0))
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in {**self.always, **headers}.items() if value is not None})
            return Answer(connection.getresponse())
        finally:
            connection.close()


class Browser(Client):
    def _cookie(self):
        return f"{self.cookie}={self.session.hex()}" if self.session else None

    def get(self, path, **headers):
        return self.call("GET", path, None, Cookie=self._cookie(), **headers)

    def send(self, path, fields, **headers):
        body = urllib.parse.urlencode(fields, doseq=True)
        return self.call("POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded",
                                                "Cookie": self._cookie(), **headers})

    def post(self, form, button=None, files=None, **fields):
        """Sends a form of a page as it stands, but for the fields that are given."""
        fields = {**form.fields, **fields, **({"act": button} if button else {})}
        if not files:
            return self.send(form.action, fields)
        mark = os.urandom(8).hex()
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
        parts += [f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + data + b"\r\n"
                  for name, kind, data in files]
        return self.call("POST", form.action, b"".join(parts) + f"--{mark}--\r\n".encode(),
                         **{"Content-Type": f"multipart/form-data; boundary={mark}", "Cookie": self._cookie()})


class Program(Client):
    def __init__(self, stack, who=None, base="/api/v1", source="127.0.0.1", **always):
        super().__init__(stack, who, source, **always)
        self.base = base

    def get(self, path, **headers):
        return self.call("GET", self.base + path, None, Authorization=self.session and f"Bearer {self.session.hex()}", **headers)

    def post(self, path, said=None, key=None, **headers):
        return self.call("POST", self.base + path, json.dumps(said) if said is not None else None,
                         **{"Content-Type": "application/json", "Idempotency-Key": key,
                            "Authorization": self.session and f"Bearer {self.session.hex()}", **headers})
