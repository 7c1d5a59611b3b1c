"""Starts again what has ended, a second later, as s6 or systemd do; and counts."""
import threading
import time


class Supervisor(threading.Thread):
    def __init__(self, stack, pause=1.0):
        super().__init__(daemon=True)
        self.stack, self.pause, self.ends = stack, pause, threading.Event()
        self.ended = []  # (moment, program, exit status)
        self.problem = None

    def run(self):
        while not self.ends.wait(0.05):
            for name, program in self.stack.programs.items():
                status = program.process.poll()
                if status is None:
                    continue
                self.ended.append((time.monotonic(), name, status))
                if self.ends.wait(self.pause):
                    return
                try:
                    program.start()
                except RuntimeError as wrong:
                    self.problem = wrong

    def stop(self):
        self.ends.set()
        self.join(70)
        if self.problem:
            raise self.problem


class Pace(threading.Thread):
    """Looks how many rows there are, ten times a second, and remembers the longest time without a new one."""

    def __init__(self, stack, question="select count(*) from complaint"):
        super().__init__(daemon=True)
        self.stack, self.question, self.ends = stack, question, threading.Event()
        self.since, self.longest, self.count = time.monotonic(), 0.0, -1
        self.postgres = None

    def run(self):
        while not self.ends.wait(0.1):
            count = self.stack.sql(self.question)[0][0]
            if count != self.count:
                self.count, self.since = count, time.monotonic()
            self.longest = max(self.longest, time.monotonic() - self.since)

    def stop(self):
        self.ends.set()
        self.join(30)
        return self.longest
