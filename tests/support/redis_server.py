"""A Redis of a test's own, on a unix socket in its folder; it keeps nothing on disk, as deploy/up starts it."""
import os
import signal
import subprocess
import time


class Redis:
    """A real one, that a test stops, starts, freezes and empties."""

    def __init__(self, folder):
        self.folder, self.socket, self.process = folder, os.path.join(folder, "redis.sock"), None

    def start(self, seconds=20):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--rdbcompression", "no", "--dir", self.folder],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + seconds
        while not (os.path.exists(self.socket) and self.say("ping") == "PONG"):
            assert time.monotonic() < deadline, "Redis does not come up"
            time.sleep(0.02)

    def say(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=False).stdout.strip()

    def dump(self, path):
        """All keys and values, as a replica gets them, into a file."""
        subprocess.run(["redis-cli", "-s", self.socket, "--rdb", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def freeze(self, frozen):
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)
