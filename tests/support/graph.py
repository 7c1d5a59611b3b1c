"""Meta, for tests: its Graph API on loopback, and its webhook signed as Meta signs it.

    with Graph() as graph, Stack(folder, web=graph.settings(folder)):
        graph.media["900100"] = photo
        post(visitor, payload(said("Jembatan putus.")))
        graph.sent                                       # messages that it was given for telephones
"""
import hashlib
import hmac
import http.server
import json
import os
import threading
import time

SECRET, VERIFY, TOKEN = "rahasia-aplikasi-meta", "tanda-pendaftaran-meta", "tanda-akses-grafik-meta"
KEYS = {"app": SECRET, "verify": VERIFY, "token": TOKEN}


class Graph:
    """/ID tells where a medium is, and there it is; POST takes a message."""

    def __init__(self):
        self.media, self.asked, self.sent, graph = {}, [], [], self
        self.paths, self.refusals = [], []  # where each was sent; what the next ones are answered, 200 where none stands here

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                graph.asked.append((self.path, self.headers.get("Authorization")))
                name = self.path.rsplit("/", 1)[1]
                status, body = (200, graph.media[name]) if name in graph.media else (404, b"{}")
                if isinstance(body, int):
                    status, body = body, b"{}"
                elif status == 200 and "/at/" not in self.path:
                    body = json.dumps({"url": f"{graph.url}/at/{name}", "id": name}).encode()
                self.answer(status, body)

            def do_POST(self):  # pylint: disable=invalid-name
                said, status = json.loads(self.rfile.read(int(self.headers["Content-Length"]))), graph.refusals.pop(0) if graph.refusals else 200
                if status == 200:
                    graph.paths.append(self.path)
                    graph.sent.append(said)
                self.answer(status, json.dumps({"messages": [{"id": f"wamid.{len(graph.sent)}"}]}).encode())

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

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
