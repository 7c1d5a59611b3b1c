"""A city's mail server, as far as Aduan meets it: SMTP on loopback; what comes for aduan@ or aduan+TOKEN@ goes through RT's rt-mailgate,
as an alias would pipe it, and everything else into mailboxes.

    with Mta (url) as mta: ...   url () is where the public door is

swaks (swaks.org) is who writes to it.
"""
import asyncio
import email
import email.policy
import shutil
import subprocess
import time

from aiosmtpd.controller import Controller

from mail import MAILGATE
from stack import free_port

ALIAS = "aduan"
EX_TEMPFAIL = 75
REFUSED_DATA = 26  # swaks: the text was not taken


class Handler:
    def __init__(self, url):
        self.url, self.mails, self.said = url, [], []

    async def handle_DATA(self, _server, _session, envelope):
        """A pipe ends with 75 where the mail is to be kept: its sender is told 451, and comes again."""
        raw = f"Return-Path: <{envelope.mail_from or ''}>\n".encode() + envelope.content.replace(b"\r\n", b"\n")
        for to in envelope.rcpt_tos:
            if to.split("@")[0].split("+")[0].lower() != ALIAS:
                self.mails.append((to, email.message_from_bytes(envelope.content, policy=email.policy.default)))
                continue
            pipe = await asyncio.create_subprocess_exec(MAILGATE, "--url", self.url(), "--action", "correspond", "--queue", ALIAS, stdin=subprocess.PIPE,
                                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said, _ = await pipe.communicate(raw)
            self.said.append((pipe.returncode, said.decode(errors="replace")))
            if pipe.returncode == EX_TEMPFAIL:
                return "451 4.3.0 try again later"
        return "250 2.0.0 taken"


class Mta:
    def __init__(self, url):
        assert MAILGATE, "rt-mailgate is not installed: package rt5-clients (tests/packages)"
        assert shutil.which("swaks"), "swaks is not installed: package swaks (tests/packages)"
        self.handler, self.port = Handler(url), free_port()
        self.controller = Controller(self.handler, hostname="127.0.0.1", port=self.port)

    def __enter__(self):
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()

    def swaks(self, to, sender, body, *more, wanted=0, **headers):
        """Somebody writes; headers by name, with _ for -."""
        command = ["swaks", "--server", f"127.0.0.1:{self.port}", "--from", sender, "--to", to, "--silent", "2", "--body", body, "--timeout", "30s", *more]
        for name, value in headers.items():
            command += ["--header", f"{name.replace('_', '-')}: {value}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        assert done.returncode == wanted, done.stdout.decode(errors="replace")

    def letters(self, to, count=1, seconds=30):
        """What came into a mailbox, as soon as there are so many."""
        deadline = time.monotonic() + seconds
        while True:
            found = [mail for receiver, mail in self.handler.mails if receiver == to]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} letters to {to}; rt-mailgate said {self.handler.said}"
            time.sleep(0.02)
