"""Strangers at the TCP doors who speak ZMTP only as far as it suits them: what the row T18 does.

No key is used here.  Kinds of strangers are methods of Strangers; each opens a connection, sends its
bytes and either goes or stays until it is thrown out.
"""
import os
import random
import select
import socket
import struct
import threading
import time

import zmq

from collect import metrics
from hostile import DOORS, Line
from siege import rss

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01"
MEMORY_MOST = 64      # MiB of each program, whatever strangers do
STAYS_MOST = 3.0      # s that a handshake without end may last
WELCOME_MOST = 0.5    # s until a good client is welcome
HEAVY = 24            # connections at a time that hold a frame of nearly 1 MiB


def greeting(mechanism):
    return GREETING + mechanism.ljust(20, b"\0") + bytes(1 + 31)


def command(length, name=b""):
    """A long command frame's head."""
    return b"\x06" + struct.pack(">Q", length) + (bytes([len(name)]) + name if name else b"")


def record_handshake(port, stack):
    """What a real client says from its greeting to its first message, byte by byte."""
    heard, listener = bytearray(), socket.create_server(("127.0.0.1", 0))

    def pass_on():
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        while True:
            for ready in select.select([near, far], [], [], 10)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if ready is near:
                    heard.extend(data)
                (far if ready is near else near).sendall(data)

    threading.Thread(target=pass_on, daemon=True).start()
    line = Line(DOORS[0], f"tcp://127.0.0.1:{listener.getsockname()[1]}", stack.server_key("intake"), stack.keys["adapter-sms"])
    line.close()
    listener.close()
    return bytes(heard)


class Strangers:
    """`count` connections in turn of all kinds; those that stay are looked after by collect()."""

    def __init__(self, ports, seed, recorded):
        self.ports, self.dice, self.recorded = ports, random.Random(seed), recorded
        self.staying = {}   # socket -> moment
        self.stayed, self.refused, self.opened, self.heavy = 0.0, 0, 0, 0
        self.looked = time.monotonic()  # when those that stay were last seen to be there
        self.kinds = [self.says_nothing, self.half_a_greeting, self.greets_and_waits, self.null_mechanism, self.plain_mechanism, self.another_protocol,
                      self.old_zmtp, self.noise, self.false_hello, self.huge_command, self.huge_length, self.message_too_early, self.replay,
                      self.nearly_a_mib, self.goes_at_once]

    def _open(self, data):
        self.opened += 1
        connection = socket.create_connection(("127.0.0.1", self.dice.choice(self.ports)), timeout=5)
        try:
            connection.sendall(data)
        except OSError:
            pass  # thrown out while it spoke
        connection.setblocking(False)
        self.staying[connection] = time.monotonic()

    def says_nothing(self):
        self._open(b"")

    def half_a_greeting(self):
        self._open(greeting(b"CURVE")[:self.dice.randrange(1, 64)])

    def greets_and_waits(self):
        self._open(greeting(b"CURVE"))

    def null_mechanism(self):
        self._open(greeting(b"NULL") + b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER")

    def plain_mechanism(self):
        self._open(greeting(b"PLAIN") + b"\x04\x0c\x05HELLO\x02aa\x02bb")

    def another_protocol(self):
        self._open(b"GET / HTTP/1.1\r\nHost: aduan\r\n\r\n")

    def old_zmtp(self):
        self._open(self.dice.choice((b"\x01\x00", b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x00", b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00")))

    def noise(self):
        self._open(self.dice.randbytes(self.dice.randint(1, 4000)))

    def false_hello(self):
        self._open(greeting(b"CURVE") + b"\x04\xc8\x05HELLO\x01\x00" + self.dice.randbytes(192))

    def huge_command(self):
        """100 MiB announced; as much of it sent as is taken in a moment."""
        self.heavy += 1
        self._open(greeting(b"CURVE") + command(100 << 20, b"HELLO") + bytes(4 << 20))
        last = list(self.staying)[-1]
        end = time.monotonic() + 0.2
        while time.monotonic() < end and self.heavy <= 8:
            try:
                if not last.send(bytes(1 << 20)):
                    break
            except BlockingIOError:
                select.select([], [last], [], 0.02)
            except OSError:
                break

    def huge_length(self):
        self._open(greeting(b"CURVE") + command(self.dice.choice((1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)), b"HELLO"))

    def message_too_early(self):
        self._open(greeting(b"CURVE") + b"\x00\x05hello" * 20)

    def replay(self):
        self._open(self.recorded)

    def nearly_a_mib(self):
        """The largest frame that is let in, never finished."""
        if sum(1 for _ in self.staying) % 15 == 0 and self.heavy < HEAVY:
            self.heavy += 1
            self._open(greeting(b"CURVE") + command((1 << 20) - 1, b"HELLO") + bytes((1 << 20) - 100))
        else:
            self._open(greeting(b"CURVE") + command((1 << 20) - 1, b"HELLO") + bytes(100))

    def goes_at_once(self):
        self._open(greeting(b"CURVE"))
        last = list(self.staying)[-1]
        last.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        last.close()
        self.staying.pop(last)

    def send(self, number):
        self.kinds[number % len(self.kinds)]()

    def collect(self, seconds=0.0):
        """Those that were thrown out are let go; how long they stayed is remembered."""
        end = time.monotonic() + seconds
        while self.staying:
            ready = select.select(list(self.staying)[:900], [], [], min(0.05, max(0.0, end - time.monotonic())))[0]
            for connection in ready:
                try:
                    if connection.recv(65536):
                        continue
                except BlockingIOError:
                    continue
                except OSError:
                    pass
                self._gone(connection)
            self.looked = time.monotonic()
            if self.looked >= end:
                break
        self.looked = time.monotonic()

    def _gone(self, connection):
        self.stayed = max(self.stayed, self.looked - self.staying.pop(connection))  # it was there then; perhaps no longer
        self.refused += 1
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        if not self.staying:
            self.heavy = 0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def storm(stack, count, seed, at_once=150, stays_most=STAYS_MOST, say=print):
    """(problems, figures): `count` strangers at the doors, at most `at_once` at a time."""
    pids = {name: stack[name].process.pid for name in ("intake", "router")}
    for peer in (stack.adapter("sms"), stack.worker()):
        assert peer.hello(30)  # the doors know their keys
    strangers = Strangers([stack.ports["intake"], stack.ports["router"]], seed, record_handshake(stack.ports["intake"], stack))
    ways = {"intake": (DOORS[0], f"tcp://127.0.0.1:{stack.ports['intake']}", stack.server_key("intake"), stack.keys["adapter-sms"]),
            "router": (DOORS[1], f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), stack.keys["worker-all"])}
    before = {name: (descriptors(pid), rss(pid), metrics(stack, name)["door_broken_handshakes_total"]) for name, pid in pids.items()}
    most, welcomes, problems, looked = dict.fromkeys(pids, 0.0), {name: [] for name in pids}, [], 0.0
    began = time.monotonic()
    for number in range(count):
        strangers.send(number)
        if len(strangers.staying) >= at_once or number % 16 == 0:
            strangers.collect()
            while len(strangers.staying) >= at_once:
                strangers.collect(0.1)
        for name, pid in pids.items():
            most[name] = max(most[name], rss(pid))
        if time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            for name, way in ways.items():
                since = time.monotonic()
                try:
                    Line(*way).close()
                except RuntimeError as wrong:
                    problems.append(str(wrong))
                welcomes[name].append(time.monotonic() - since)
        dead = [name for name in pids if not stack[name].alive()]
        if dead:
            return [f"{name} ended: {stack[name].tail(8)}" for name in dead], {}
    lasted = time.monotonic() - began
    strangers.collect(STAYS_MOST + 3)
    if strangers.staying:
        problems.append(f"{len(strangers.staying)} strangers are still there")
    deadline = time.monotonic() + 10
    while any(descriptors(pid) > before[name][0] + 4 for name, pid in pids.items()) and time.monotonic() < deadline:
        time.sleep(0.1)
    figures = {"strangers": strangers.opened, "seconds": round(lasted, 1), "stayed s": round(strangers.stayed, 2)}
    for name, pid in pids.items():
        late = sorted(welcomes[name])[int(len(welcomes[name]) * 0.99)]
        counted = metrics(stack, name)["door_broken_handshakes_total"] - before[name][2]
        figures[name] = {"MiB before": round(before[name][1], 1), "at most": round(most[name], 1), "afterwards": round(rss(pid), 1),
                         "descriptors": (before[name][0], descriptors(pid)), "welcome p99 ms": round(late * 1000),
                         "longest": round(max(welcomes[name]) * 1000), "counted": int(counted)}
        say(f"{name}: {figures[name]}")
        if most[name] > MEMORY_MOST:
            problems.append(f"{name} had {most[name]:.0f} MiB, at most {MEMORY_MOST}")
        if late > WELCOME_MOST:
            problems.append(f"{name}: one of a hundred good clients was welcome after {late:.2f} s")
        if descriptors(pid) > before[name][0] + 4:
            problems.append(f"{name}: {descriptors(pid)} descriptors, {before[name][0]} before")
        if counted < strangers.opened / 2 * 0.5:
            problems.append(f"{name}: counts {counted:.0f} broken handshakes of about {strangers.opened // 2}")
    say(f"{strangers.opened} strangers in {lasted:.0f} s; the longest stayed {strangers.stayed:.2f} s")
    if strangers.stayed > stays_most:
        problems.append(f"a stranger stayed {strangers.stayed:.2f} s, at most {stays_most}")
    return problems, figures
