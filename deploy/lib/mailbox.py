#!/usr/bin/python3
"""The mail gateway of an installation that has none yet: keeps each letter as a file, sends nothing on.

    mailbox.py FOLDER PORT [READY_FD]

For trying Aduan out.  Name the real gateway in aduan.yaml (notifier.smtp.url) and deploy/up stops this one.
A letter is on disk before its 250 leaves.  Only on 127.0.0.1.
"""
import asyncio
import os
import signal
import sys
import time

from aiosmtpd.smtp import SMTP


class Keeper:
    """What is done with a letter."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, _server, _session, envelope):
        self.count += 1
        path = os.path.join(self.folder, f"{int(time.time() * 1000):013d}-{os.getpid()}-{self.count}.eml")
        with open(path + ".new", "wb") as file:
            file.write(envelope.original_content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)
        return "250 kept"


async def serve(folder, port, ready):
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(keeper, hostname="mailbox.localdomain"), "127.0.0.1", port)
    if ready:
        os.write(ready, b"\n")
        os.close(ready)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


def main():
    os.umask(0o077)
    folder, port = sys.argv[1], int(sys.argv[2])
    os.makedirs(folder, exist_ok=True)
    asyncio.run(serve(folder, port, int(sys.argv[3]) if len(sys.argv) > 3 else 0))


main()
