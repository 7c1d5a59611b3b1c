"""Meta, for tests: its Graph API on loopback, and its webhook signed as Meta signs it.

    with Graph() as graph, Stack(folder, web=graph.settings(folder)):
        graph.media["900100"] = photo
        post(visitor, payload(said("Jembatan putus.")))
        graph.sent                                       # messages that it was given for telephones
"""
import hashlib
import hmac
import json
import os
import time

from loopback import Loopback

SECRET, VERIFY, TOKEN = "rahasia-aplikasi-meta", "tanda-pendaftaran-meta", "tanda-akses-grafik-meta"
KEYS = {"app": SECRET, "verify": VERIFY, "token": TOKEN}


class Graph(Loopback):
    """/ID tells where a medium is, and there it is; POST takes a message."""

    def __init__(self):
        self.media, self.asked, self.sent = {}, [], []
        self.paths, self.refusals = [], []  # where each was sent; what the next ones are answered, 200 where none stands here
        super().__init__()

    def answer(self, method, path, headers, body):
        status, said = self.taken(path, json.loads(body)) if method == "POST" else self.shown(path, headers)
        return status, {}, said

    def shown(self, path, headers):
        self.asked.append((path, headers.get("Authorization")))
        name = path.rsplit("/", 1)[1]
        body = self.media.get(name, 404)
        if isinstance(body, int):
            return body, b"{}"
        return 200, body if "/at/" in path else json.dumps({"url": f"{self.url}/at/{name}", "id": name}).encode()

    def taken(self, path, said):
        status = self.refusals.pop(0) if self.refusals else 200
        if status == 200:
            self.paths.append(path)
            self.sent.append(said)
        return status, json.dumps({"messages": [{"id": f"wamid.{len(self.sent)}"}]}).encode()

    def settings(self, folder):
        """Lines of aduan-web's section, and the files that they name."""
        for name, text in KEYS.items():
            with open(os.path.join(folder, f"wa-{name}"), "w", encoding="ascii") as file:
                file.write(text + "\n")
        files = "".join(f"    {key}: {os.path.join(folder, name)}\n" for key, name in (("secret", "wa-app"), ("verify", "wa-verify"), ("token", "wa-token")))
        return f"  whatsapp:\n    url: {self.url}/v1\n{files}"


def signed(body, secret=SECRET):
    return {"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def post(visitor, body, headers=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return visitor.ask("POST", "/gateway/whatsapp", body, signed(body) if headers is None else headers)


def said(text=None, sender="6281234500001", **more):
    message = {"from": sender, "id": f"wamid.{time.monotonic_ns()}", "timestamp": str(int(time.time())), "type": "text", **more}
    return {**message, "text": {"body": text}} if text else message


def payload(*messages, statuses=(), name="Sari"):
    """Each message in an entry of its own, as Meta may send them."""
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "4711"}}
    entries = [{"id": "1", "changes": [{"field": "messages", "value": {**value, "contacts": [{"profile": {"name": name}, "wa_id": message["from"]}],
                                                                       "messages": [message]}}]} for message in messages]
    return {"object": "whatsapp_business_account", "entry": entries + [{"id": "1", "changes": [{"field": "messages", "value": {**value, "statuses": [one]}}]}
                                                                         for one in statuses]}
