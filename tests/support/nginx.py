"""nginx before a door, by a file of docs/examples as it stands, but for ports, certificate and folders.

    with Nginx (folder, "nginx-web.conf", "lapor.example.go.id", stack.ports["web"]) as proxy:  # or several ports, where there are several doors
        proxy.call ("/report")
"""
import os
import pathlib
import socket
import ssl
import subprocess
import time

from stack import ROOT, free_port


class Nginx:
    def __init__(self, folder, example, host, *doors):
        self.at, self.example, self.host, self.doors, self.port, self.process = os.path.join(folder, "nginx-" + host), example, host, doors, free_port(), None

    def _configure(self):
        os.makedirs(self.at, exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={self.host}",
                        "-keyout", f"{self.at}/key.pem", "-out", f"{self.at}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
        text = pathlib.Path(ROOT, "docs", "examples", self.example).read_text(encoding="utf-8")
        for old, new in (("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"), ("listen [::]:443 ssl;", ""), (f"/etc/ssl/{self.host}.pem", f"{self.at}/cert.pem"),
                         (f"/etc/ssl/private/{self.host}.key", f"{self.at}/key.pem"), ("    server 127.0.0.1:831", "".join(f"    server 127.0.0.1:{door};" for door in self.doors) + " #")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace("listen [::]:80;", "").replace("/var/log/nginx", self.at)
        folders = "".join(f"    {kind}_temp_path {self.at}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        pathlib.Path(self.at, "nginx.conf").write_text(f"daemon off;\nmaster_process off;\npid {self.at}/pid;\nerror_log {self.at}/error.log;\nevents {{}}\nhttp {{\n"
                                                       f"    access_log off;\n{folders}{text}\n}}\n", encoding="utf-8")

    def __enter__(self):
        self._configure()
        self.process = subprocess.Popen(["nginx", "-p", self.at, "-c", f"{self.at}/nginx.conf", "-e", f"{self.at}/error.log"])
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert self.process.poll() is None and time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def call(self, path, lines="", body=b"", method="GET", source="127.0.0.1"):
        """The answer's bytes, head and all, to a request with these further header lines."""
        trust = ssl.create_default_context(cafile=f"{self.at}/cert.pem")
        with socket.create_connection(("127.0.0.1", self.port), timeout=60, source_address=(source, 0)) as plain, \
                trust.wrap_socket(plain, server_hostname=self.host) as peer:
            try:
                peer.sendall(f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it is answered before all of it is read
            return peer.makefile("rb").read()
