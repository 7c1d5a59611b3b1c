"""What an adapter and a worker have in common: one conversation as common/wire/PROTOCOL.md tells it.

Written from that page alone with pyzmq and msgpack; nothing here is generated from messages.def, so
that C and Python cannot share one mistake.
"""
import os
import time

import msgpack
import zmq

PROTOCOL = 1
HELLO, WELCOME, CREDIT, PING, PONG, BYE, REFUSED = 1, 2, 3, 4, 5, 6, 7


def frame(number, **tags):
    """[version, number, {tag: value}]; tags are given as t1=..., None is left out."""
    return msgpack.packb([PROTOCOL, number, {int(k[1:]): v for k, v in tags.items() if v is not None}], use_bin_type=True)


def parse(data):
    version, number, fields = msgpack.unpackb(data, raw=False, strict_map_key=False, unicode_errors="surrogateescape")
    assert version == PROTOCOL, version
    return number, fields


class Peer:
    """A connection with HELLO, credit and heartbeat."""

    def __init__(self, endpoint, server_key, public, secret, name="python"):
        self.context = zmq.Context.instance()
        self.endpoint, self.server_key, self.keys, self.name = endpoint, server_key, (public, secret), name
        self.instance = os.urandom(16)
        self.socket = None
        self.welcome = None
        self.next_ref = int.from_bytes(os.urandom(5), "big")
        self.sent = 0
        self.allowed = 0
        self.inbox = []
        self.refusals = []
        self.open()

    def open(self):
        if self.socket is not None:
            self.socket.close(0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        if self.server_key:
            self.socket.curve_serverkey = self.server_key.encode()
            self.socket.curve_publickey, self.socket.curve_secretkey = (key.encode() for key in self.keys)
        self.socket.connect(self.endpoint)
        self.welcome = None
        self.inbox.clear()

    def close(self):
        if self.welcome:
            self._send([frame(BYE)])
        self.socket.close(5000)  # the goodbye goes out while this process does other things

    def _send(self, frames):
        try:
            self.socket.send_multipart(frames, flags=zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    def hello(self, seconds=10.0):
        """Opens the conversation; False where nobody answers in time."""
        deadline, last, opened = time.monotonic() + seconds, 0.0, time.monotonic()
        while self.welcome is None and time.monotonic() < deadline:
            if self.server_key and time.monotonic() - opened > 2:
                self.open()  # a door that refused the key is never tried again by ZeroMQ itself
                opened = time.monotonic()
            if time.monotonic() - last > 0.5 and self._send([frame(HELLO, t1=PROTOCOL, t2=self.name, t3=self.instance)]):
                last = time.monotonic()
            self._turn(0.1 if last else 0.02)  # no connection yet: nothing is heard of its being made
        return self.welcome is not None

    def _turn(self, seconds):
        if not self.socket.poll(int(max(seconds, 0) * 1000)):
            if self.welcome is not None and time.monotonic() - self.said > 1.5:
                self.said = time.monotonic()
                self._send([frame(PING)])
            return
        frames = self.socket.recv_multipart()
        number, fields = parse(frames[0])
        if number == WELCOME:
            self.welcome, self.sent = fields, 0
            self.allowed = fields[self.credit_tag]
            self.said = time.monotonic()
        elif number == CREDIT:
            self.allowed = max(self.allowed, fields[1 if self.credit_tag == 3 else 2])
        elif number == REFUSED:
            self.refusals.append(fields)
            if fields[1] == 7:
                self.welcome = None
        elif number != PONG:
            self.inbox.append((number, fields, frames[1:]))

    def beat(self):
        """Keeps the conversation alive while nothing is awaited; True."""
        self._turn(0)
        return True

    def ref(self):
        self.next_ref += 1
        return self.next_ref

    def say(self, frames, seconds=5.0):
        """Sends within the credit; False where none came in time."""
        deadline = time.monotonic() + seconds
        while self.welcome is None or self.sent >= self.allowed:
            if time.monotonic() > deadline or (self.welcome is None and not self.hello(deadline - time.monotonic())):
                return False
            self._turn(0.05)
        while not self._send(frames):  # the connection is being made again
            if time.monotonic() > deadline:
                return False
            self._turn(0.05)
        self.sent += 1
        self.said = time.monotonic()
        return True

    def take(self, ref, seconds):
        """The next message with this ref, or None; at once where the door does not know us any more."""
        deadline = time.monotonic() + seconds
        while True:
            for at, message in enumerate(self.inbox):
                if message[1].get(1) == ref:
                    return self.inbox.pop(at)
            left = deadline - time.monotonic()
            if left <= 0 or self.welcome is None:
                return None
            self._turn(min(left, 0.25))
