"""A peer that reads bundles: many messages in one frame, each taken and answered as if it came alone."""
import os
import struct
import time

from adapter import ACCEPTED, REJECT, SUBMIT, Adapter
from peer import HELLO, PROTOCOL, REFUSED, frame, parse

MARK = b"\xc1"


def packed(frames):
    return bytes([len(frames)]) + b"".join(struct.pack("<I", len(data)) + data for data in frames)


def unpacked(data):
    at, messages = 1, []
    while at < len(data):
        frames, count, at = [], data[at], at + 1
        for _ in range(count):
            size, at = struct.unpack_from("<I", data, at)[0], at + 4
            frames.append(data[at:at + size])
            at += size
        messages.append(frames)
    return messages


class BundlingAdapter(Adapter):
    """Says in hello that it reads bundles; `frames` counts what came, `bundled` how many messages in bundles."""

    bundled = 0

    def greet(self, seconds=10):
        """hello until welcome, whose fields it returns."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._send([frame(HELLO, t1=PROTOCOL, t2=self.name, t3=self.instance, t4=2)]) and self.socket.poll(500):
                number, fields = parse(unpacked(self.socket.recv())[0][0])
                assert number == 2
                return fields
        raise AssertionError("no welcome")

    def answers(self, wanted, seconds=10):
        """Messages other than control, until there are `wanted`."""
        found, deadline = [], time.monotonic() + seconds
        while len(found) < wanted and time.monotonic() < deadline:
            if not self.socket.poll(100):
                continue
            data = self.socket.recv_multipart()
            bundle = len(data) == 1 and data[0][:1] == MARK
            for frames in unpacked(data[0]) if bundle else [data]:
                number, fields = parse(frames[0])
                self.bundled += bundle
                if number >= SUBMIT or number == REFUSED:
                    found.append((number, fields))
        return found

    def submission(self, text, **tags):
        fields = {"t1": self.ref(), "t2": 1, "t3": os.urandom(16).hex().encode(), "t4": int(time.time() * 1000), "t5": 1, **tags}
        return [frame(SUBMIT, **fields), frame(11, t2=text)]


def bundler(stack):
    peer = BundlingAdapter(f"tcp://127.0.0.1:{stack.ports['intake']}", stack.server_key("intake"), *stack.keys["adapter-sms"], "bundler")
    stack.peers.append(peer)
    assert peer.greet()[10] == 2, "the door reads bundles too"
    return peer


def test_many_in_one_frame(stack):
    peer = bundler(stack)
    good = [peer.submission(f"Laporan bundel nomor {n}") for n in range(40)]
    bad = peer.submission("x", t5=99)  # no such channel
    peer.socket.send(MARK + b"".join(packed(frames) for frames in good[:20] + [bad] + good[20:]))
    answers = peer.answers(41)
    assert [number for number, _ in answers].count(ACCEPTED) == 40
    assert [fields[3] for number, fields in answers if number == REJECT] == ["channel"]
    assert len({fields[3] for number, fields in answers if number == ACCEPTED}) == 40
    assert peer.bundled > 5, "answers of one commit come together"


def test_torn_bundle(stack):
    peer = bundler(stack)
    first, second = peer.submission("Yang utuh"), peer.submission("Yang terpotong")
    peer.socket.send(MARK + packed(first) + packed(second)[:-3])
    answers = peer.answers(2)
    assert sorted(number for number, _ in answers) == [REFUSED, ACCEPTED]
    peer.socket.send(MARK + packed(peer.submission("Sesudahnya")))
    assert [number for number, _ in peer.answers(1)] == [ACCEPTED], "the conversation goes on"


def test_empty_and_nested(stack):
    peer = bundler(stack)
    peer.socket.send(MARK)
    assert [number for number, _ in peer.answers(1)] == [REFUSED], "a bundle of nothing is no message either"
    inner = MARK + packed(peer.submission("Di dalam"))
    peer.socket.send(MARK + packed([inner]))
    answers = peer.answers(1)
    assert [number for number, _ in answers] == [REFUSED], "a bundle in a bundle is no message"
    peer.socket.send(MARK + packed([b""]) + packed(peer.submission("Di belakang")))
    assert sorted(number for number, _ in peer.answers(2)) == [REFUSED, ACCEPTED]
