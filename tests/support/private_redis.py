"""A real Redis on a unix socket, that a test stops, starts, freezes and empties."""
import os
import signal
import subprocess
import time


class Redis:
    def __init__(self, folder):
        self.folder, self.socket, self.process = str(folder), os.path.join(folder, "redis.sock"), None

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--dir", self.folder],
                                        stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.exists(self.socket) or self.say("ping") != "PONG":
            assert time.monotonic() < deadline, "Redis does not come up"
            time.sleep(0.02)

    def say(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=False).stdout.strip()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def freeze(self, frozen):
        self.process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)
