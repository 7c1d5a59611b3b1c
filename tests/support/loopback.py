"""An HTTP server on loopback, for tests that play somebody else's.

    class City(Loopback):
        def answer(self, method, path, headers, body):
            return 200, {"Content-Type": "application/json"}, b"[]"

    with City() as city: ... city.url
"""
import http.server
import threading


class Loopback:
    """Listens from its making until it is closed, a thread a connection."""

    def __init__(self):
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self):
                status, headers, body = peer.answer(self.command, self.path, self.headers, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = take

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, path, headers, body):
        """Status, headers, body."""
        raise NotImplementedError

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
