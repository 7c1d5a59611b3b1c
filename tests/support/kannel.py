"""Kannel on loopback: bearerbox, smsbox and fakesmsc, which stands for the operator.

    with Kannel (folder) as kannel: ...; kannel.sendsms is the URL, user "aduan", password "geheim"

What reaches the operator is in kannel.messages (): (sender, receiver, kind, text), kind being text, ucs-2, or udh
for each part of a long one.
"""
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.parse

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
DEADLINE = 30


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Kannel:
    def __init__(self, folder, send=None, post=None, joins=True):
        """`send`: the port of sendsms, where it must be one that is known already; `post`: where what comes in goes,
        tried again each second; `joins`: long ones before they go there."""
        self.folder = pathlib.Path(folder)
        for program in ("bearerbox", "smsbox", FAKESMSC):
            assert shutil.which(program), f"{program} is not installed: packages kannel and kannel-extras (tests/packages)"
        self.admin, self.box, self.smsc, self.send = free_ports(4)
        self.send = send or self.send
        self.sendsms = f"http://127.0.0.1:{self.send}/cgi-bin/sendsms"
        self.programs = []
        self.operator = None
        (self.folder / "kannel.conf").write_text(f"""
group = core
admin-port = {self.admin}
admin-password = geheim
admin-interface = 127.0.0.1
smsbox-port = {self.box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
sms-combine-concatenated-mo = {str(joins).lower()}

group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {self.smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {self.send}
sendsms-interface = 127.0.0.1
global-sender = 1708
http-request-retry = 60
http-queue-delay = 1

group = sendsms-user
username = aduan
password = geheim
concatenation = true
max-messages = 10
{self._service(post)}""")

    @staticmethod
    def _service(post):
        return "" if not post else f"""
group = sms-service
keyword = default
post-url = "{post}"
max-messages = 1
omit-empty = true
concatenation = true
accept-x-kannel-headers = true
send-sender = true
"""

    def say(self, sender, text, receiver="1708"):
        """Somebody sends this to the operator, who hands it to Kannel; answers are in messages () from then on.  Of a part of a
        longer one `text` begins with its header and a blank."""
        kind = "text"
        if text.startswith("%05%00%03"):
            kind = "udh"
        if self.operator:
            self.operator.kill()
            self.operator.wait()
            self.programs.remove(self.operator)
        self.operator = self._run("fakesmsc", FAKESMSC, "-H", "127.0.0.1", "-r", str(self.smsc), "-i", "0.01", "-m", "1", f"{sender} {receiver} {kind} {text}")
        self._until(lambda: "sent message" in (self.folder / "fakesmsc.log").read_text(errors="replace"), "the operator has not sent it")

    def _run(self, name, *command):
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        log.close()
        self.programs.append(process)
        return process

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self._run("bearerbox", "bearerbox", "-v", "0", str(self.folder / "kannel.conf"))
        self._listens(self.smsc)
        self._listens(self.box)
        self._run("smsbox", "smsbox", "-v", "0", str(self.folder / "kannel.conf"))
        self._listens(self.send)
        # -m 0: it says nothing by itself and shows what it is told
        self.operator = self._run("fakesmsc", FAKESMSC, "-H", "127.0.0.1", "-r", str(self.smsc), "-m", "0", "1 2 text nop")

    def _until(self, look, what):
        deadline = time.monotonic() + DEADLINE
        while not look():
            assert time.monotonic() < deadline, f"{what}: see {self.folder}/*.log"
            time.sleep(0.02)

    def _listens(self, port):
        def look():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        self._until(look, f"nothing listens on {port}")

    def stop(self):
        for process in reversed(self.programs):
            process.kill()
            process.wait()
        self.programs.clear()

    def __exit__(self, *_):
        self.stop()

    def messages(self):
        """What the operator got, in order."""
        text = (self.folder / "fakesmsc.log").read_text(encoding="utf-8", errors="replace")
        found = []
        for line in re.findall(r"Got message \d+: <(.*)>", text):
            sender, receiver, kind, rest = line.split(" ", 3)
            if kind == "ucs-2":
                rest = urllib.parse.unquote_to_bytes(rest.replace("+", " ")).decode("utf-16-be")
            elif kind == "udh":
                rest = rest.split(" ", 2)[2]
            found.append((sender, receiver, kind, rest))
        return found
