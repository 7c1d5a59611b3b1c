#!/usr/bin/python3
"""A real SMTP server for tests: takes mail on loopback, keeps each one as a file, and can be told to misbehave.

    smtp_sink.py FOLDER [--port N]

FOLDER/port      the port, written once it listens (default: a free one)
FOLDER/mail/     one NNNNNN.eml a mail as it came, NNNNNN.json beside it: from, to, session
FOLDER/log       one line an event: connect, mail, rcpt, data, dot and what was answered
FOLDER/rules     read anew at each event; the first line that fits decides, '#' begins a comment:

    STAGE PATTERN ACTION [TIMES]

STAGE   connect, mail, rcpt, data (before 354), dot (the text is there, before the reply to its end)
PATTERN shell pattern over the recipient (connect, mail: over the sender, or *)
ACTION  "451" or any reply code: answer that; accept; drop: cut the connection;
        stall: never answer; take_drop (dot): keep the mail, then cut the connection;
        take_stall (dot): keep the mail, never answer
TIMES   for how many events the line holds; without it for all

A mail is kept before its 250 leaves: what a client was told is there.
"""
import argparse
import asyncio
import fnmatch
import json
import os
import signal
import sys

from aiosmtpd.smtp import SMTP

NEVER = 3600


class Sink:
    """What the folder says and holds, for every session."""

    def __init__(self, folder):
        self.folder = folder
        self.mail = os.path.join(folder, "mail")
        os.makedirs(self.mail, exist_ok=True)
        self.count = len([name for name in os.listdir(self.mail) if name.endswith(".eml")])
        self.sessions = 0
        self.used = {}
        self.log = open(os.path.join(folder, "log"), "a", buffering=1, encoding="utf-8")

    def action(self, stage, text):
        """The action of the first rule that fits and has not been used up."""
        try:
            with open(os.path.join(self.folder, "rules"), encoding="utf-8") as rules:
                lines = rules.read().splitlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            words = line.split("#")[0].split()
            if len(words) < 3 or words[0] != stage or not fnmatch.fnmatch(text, words[1]):
                continue
            if len(words) > 3:
                if self.used.get(line, 0) >= int(words[3]):
                    continue
                self.used[line] = self.used.get(line, 0) + 1
            self.log.write(f"{stage} {text} {words[2]}\n")
            return words[2]
        self.log.write(f"{stage} {text} accept\n")
        return "accept"

    def keep(self, session, envelope):
        self.count += 1
        base = os.path.join(self.mail, f"{self.count:06d}")
        about = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "session": session}
        for ending, content in ((".json", json.dumps(about).encode()), (".eml", envelope.original_content)):
            with open(base + ".tmp", "wb") as file:
                file.write(content)
            os.rename(base + ".tmp", base + ending)


class Session(SMTP):
    """One conversation; the hooks of aiosmtpd, each asking the rules first."""

    def __init__(self, sink, **options):
        super().__init__(self, hostname="sink.test", enable_SMTPUTF8=False, **options)
        self.sink = sink
        sink.sessions += 1
        self.number = sink.sessions

    async def obey(self, action):
        """None: go on; else the reply, or no return at all."""
        if action in ("drop", "take_drop"):
            self.transport.abort()
            await asyncio.sleep(NEVER)
        if action in ("stall", "take_stall"):
            await asyncio.sleep(NEVER)
        return None if action == "accept" else f"{action} as the rules say"

    def _timeout_cb(self):
        pass

    async def _handle_client(self):
        reply = await self.obey(self.sink.action("connect", "*"))
        if reply:
            self._writer.write((reply + "\r\n").encode())
            await self._writer.drain()
            self.transport.close()
            return
        await super()._handle_client()

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = await self.obey(self.sink.action("mail", address))
        if reply:
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = await self.obey(self.sink.action("rcpt", address))
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def smtp_DATA(self, arg):
        to = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else "*"
        reply = await self.obey(self.sink.action("data", to))
        if reply:
            await self.push(reply)
            return
        await super().smtp_DATA(arg)

    async def handle_DATA(self, server, session, envelope):
        action = self.sink.action("dot", envelope.rcpt_tos[0])
        if action in ("accept", "take_drop", "take_stall"):
            self.sink.keep(self.number, envelope)
        return await self.obey(action) or "250 kept"


async def serve(folder, port):
    sink = Sink(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(sink), "127.0.0.1", port)
    with open(os.path.join(folder, "port.tmp"), "w", encoding="ascii") as file:
        file.write(f"{server.sockets[0].getsockname()[1]}\n")
    os.rename(os.path.join(folder, "port.tmp"), os.path.join(folder, "port"))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description="an SMTP server for tests")
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    asyncio.run(serve(options.folder, options.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
