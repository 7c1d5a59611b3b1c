"""A real Prometheus with Aduan's rules, asked soon and with limits of a test.

    with Prometheus(folder, target="127.0.0.1:9311", limits={"undrained_seconds": 3}) as watching:
        watching.firing()           # {("AduanProgramDown", "store"), ...}
"""
import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request

from stack import ROOT, free_port

RULES = pathlib.Path(ROOT, "deploy", "prometheus")
WHOM = ("agency", "stage", "channel", "clock", "program")


class Prometheus:
    def __init__(self, folder, target, limits, every="3s"):
        self.folder, self.target, self.limits, self.every = pathlib.Path(folder), target, limits, every
        self.port, self.process = free_port(), None

    def _write(self):
        """The shipped files, with what a test cannot wait for made short: each `for` and window of a rate, and the limits named."""
        rules = (RULES / "aduan.rules.yml").read_text(encoding="utf-8")
        rules = re.sub(r"\bfor: \w+", "for: 2s", rules)
        rules = re.sub(r"\[\d+[mhd]\]", "[20s]", rules)
        limits = (RULES / "limits.rules.yml").read_text(encoding="utf-8")
        for name, value in self.limits.items():
            limits, count = re.subn(rf'(record: "aduan:limit:{name}", expr: vector)\([^)]*\)', rf"\1({value})", limits)
            assert count == 1, name
        config = (RULES / "prometheus.yml").read_text(encoding="utf-8")
        # a page that names who does not answer takes 2 s (metrics.wait)
        config = config.replace("scrape_interval: 15s", f"scrape_interval: {self.every}").replace("evaluation_interval: 15s", "evaluation_interval: 1s")
        config = config.replace("127.0.0.1:9311", self.target)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("aduan.rules.yml", rules), ("limits.rules.yml", limits), ("prometheus.yml", config)):
            (self.folder / name).write_text(text, encoding="utf-8")

    def __enter__(self):
        self._write()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                                             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text(encoding="utf-8")[-3000:]
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _get(self, path, **query):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return answer.read()

    def _answers(self):
        try:
            self._get("/-/ready")
            return True
        except OSError:
            return False

    def firing(self):
        """{(alert, whom)}"""
        found = json.loads(self._get("/api/v1/alerts"))["data"]["alerts"]
        return {(alert["labels"]["alertname"], next((alert["labels"][name] for name in WHOM if name in alert["labels"]), ""))
                for alert in found if alert["state"] == "firing"}

    def value(self, text):
        """{labels: value} of an expression."""
        found = json.loads(self._get("/api/v1/query", query=text))["data"]["result"]
        return {tuple(sorted(row["metric"].items())): float(row["value"][1]) for row in found}
