"""Hostile messages: made from messages.def, each with the answer that it must get, and sent one by one.

A Shot is what is sent and what must come back.  A Line is a conversation with one door.  Each shot is
followed by a ping, so that it is known exactly what the door answered to it: ZeroMQ keeps the order
of one connection.  What only a durable step answers (accepted, stored, acted ...) may come later.

    for shot in Catalogue(dice).faults(message): line.fire(shot)

Expected answers are words: "refused:malformed", "reject:too_long:text", "pulled:refused:scope", ...
"""
import dataclasses
import os
import struct
import time

import msgpack
import zmq

import catalogue

NUMBERS = {message.name: message.number for message in catalogue.messages()}
NUMBERS_END = max(NUMBERS.values()) + 1
NAMES = {number: name for name, number in NUMBERS.items()}
WORDS = {name: {value: word for word, value in words.items()} for name, words in catalogue.enums().items()}
HUGE = 1 << 63  # the first number that no SEQ may have
COUNTED_BY_REJECT = ("ACTS", "REST")  # classes whose undecodable messages the adapters' door rejects by ref


def pack(*items):
    return msgpack.packb(list(items), use_bin_type=True)


def frame(number, fields):
    return pack(1, number, fields)


def bundle(*messages):
    """Many messages, each a list of frames, in one frame."""
    return b"\xc1" + b"".join(bytes([len(frames)]) + b"".join(struct.pack("<I", len(data)) + data for data in frames) for frames in messages)


def raw_map(number, pairs):
    """A frame with its pairs as they are: msgpack's own maps have each key once."""
    return b"\x93\x01" + msgpack.packb(number) + bytes([0x80 | len(pairs)]) + b"".join(key + value for key, value in pairs)


@dataclasses.dataclass
class Shot:
    frames: list
    label: str
    want: str = ""      # the answer; "" where only the number of answers is known
    silent: bool = False  # a valid word that nobody answers
    ends: bool = False    # the conversation ends with it
    more: tuple = ()      # of a bundle: the answers to its further messages


@dataclasses.dataclass(frozen=True)
class Door:
    """What stands behind a socket: who answers what."""
    name: str
    program: str
    handles: tuple
    rejects: bool = False             # undecodable messages that cost credit are rejected by ref
    closed: tuple = ()                # classes without credit


SILENT = ("want", "withdraw", "redecided")  # good ones that nobody answers: want, of what is held; redecided, of nothing asked

DOORS = (
    Door("adapters", "intake", ("submit",), rejects=True),
    Door("workers", "router", ("pull", "act", "order")),
    Door("offers", "router", ("offer", "want")),
    Door("store", "store", ("place", "behalf", "withdraw", "redecided", "want")),
    Door("outbox", "store", ("claim", "told", "report", "heed", "collect", "delivered")),
    Door("query", "query", ("ask",), closed=("ACTS",)),
) + tuple(Door(f"{name}.ctl", name, ("show",)) for name in ("intake", "router", "store", "query", "notifier"))


class Maker:
    """Shots from the catalogue.  `dice` decides all that is random."""

    def __init__(self, dice):
        self.dice = dice
        self.messages = catalogue.messages()
        self.by_name = {message.name: message for message in self.messages}
        self.visited = set()  # (number, field or "", code) that an answer must name

    # ---- valid ones

    def value(self, field):
        if field.kind == "UUID":
            return self.dice.randbytes(16)
        if field.kind == "SEQ":
            return self.dice.choice((1, 2, 100, 999999, 1700000000000))
        if field.kind == "INT":
            return self.dice.choice((-1, 1, -899999999))
        if field.kind == "ENUM":
            return self.dice.randrange(1, field.limit)
        if field.kind == "TEXT":
            return "a" * min(field.limit, 8)
        if field.kind in ("LOOSE", "BYTES"):
            return self.dice.randbytes(min(field.limit, 8))
        return [1, 2]

    def fields(self, message, optional=False):
        """Fields that decode; all of them, or the required ones."""
        fields = {field.tag: self.value(field) for field in message.fields if field.required or optional}
        if message.name == "hello":
            fields[1] = 1
        if message.name in ("pull", "act"):
            fields = {field.tag: fields[field.tag] for field in message.fields if field.tag in fields and field.name not in ("session", "attachments")}  # no front's key
        if message.name == "pull":
            fields.update({2: [999999], 4: 0})  # nobody's agency, no waiting
        return fields

    def ref(self):
        return self.dice.randrange(1 << 40, 1 << 41)

    def submit(self, **changed):
        """A whole submission, as frames."""
        fields = {1: self.ref(), 2: 1, 3: self.dice.randbytes(16), 4: 1700000000000 + self.dice.randrange(1 << 30), 5: 1, 14: 1, 15: 1}
        content = {1: "Judul", 2: "Laporan percobaan " + self.dice.randbytes(8).hex()}
        for name, value in changed.items():
            into, message = (content, "content") if name in ("title", "text", "raw_title", "raw_text", "attachments", "seal") else (fields, "submit")
            tag = self.by_name[message].field(name).tag
            into.pop(tag, None)
            if value is not None:
                into[tag] = value
        return [frame(10, fields), frame(11, content)]

    def offer(self, frames=None):
        fields = {1: self.dice.randbytes(16), 2: self.dice.randbytes(16), 3: self.dice.randrange(1, 1 << 40), 4: 1700000000000, 5: 1,
                  6: "A000000000000", 7: self.dice.randbytes(32), 8: self.dice.choice((1, 2))}
        return [frame(20, fields)] + (self.submit() if frames is None else frames)

    def place(self, **tags):
        fields = {1: 1, 2: 1, 3: 3, 4: 900, 13: '{"said":[]}'}
        fields.update({int(tag[1:]): value for tag, value in tags.items()})
        return [frame(23, fields)] + self.offer()

    def whole(self, name):
        """A message with all its frames that its door takes for good."""
        if name == "submit":
            return self.submit()
        if name == "offer":
            return self.offer()
        if name == "place":
            return self.place()
        if name == "behalf":
            inner = self.dice.choice(("pull", "act"))
            return [frame(35, {1: self.ref(), 2: 999999}), frame(NUMBERS[inner], self.fields(self.by_name[inner]))]
        if name == "redecided":
            return [frame(26, {1: self.dice.randbytes(16), 2: 1}), frame(23, {1: 1, 2: 1})]
        if name == "ask":
            return [frame(50, {1: self.ref(), 2: "nothing", 3: "[]"})]
        if name == "show":
            return [frame(52, {1: "nothing"})]
        return [frame(NUMBERS[name], self.fields(self.by_name[name]))]

    # ---- what each door says

    def answer_to(self, door, message, refusal, field="", code=""):
        """The word for a message that does not decode."""
        if door.rejects and message is not None and message.cost in COUNTED_BY_REJECT:
            return f"reject:{code}:{field}"
        return f"refused:{refusal}:{message.number if message else 0}:{field}"

    def plain(self, door, message):
        """The message by itself, valid: every number goes to every door."""
        frames, label = [frame(message.number, self.fields(message))], f"plain {message.name}"
        if message.name == "hello":
            return Shot(frames, label, "welcome")
        if message.name == "ping":
            return Shot(frames, label, "pong")
        if message.name == "bye":
            return Shot(frames, label, ends=True)
        if message.name not in door.handles:
            refusal = "credit" if message.cost in door.closed else "unknown"
            return Shot(frames, label, f"refused:{refusal}:{message.number}:")
        want = {"submit": "reject:missing:content", "pull": "pulled:refused:scope", "act": "acted:", "offer": "stored:quarantined",
                "place": "refused:malformed:23:offer", "behalf": "refused:malformed:35:", "claim": "claimed", "told": "heard",
                "report": "heard", "heed": "unwanted", "collect": "delivery", "delivered": "heard",
                "ask": "rows:refused", "show": "shown", "order": "ordered"}
        return Shot(frames, label, want.get(message.name, ""), silent=message.name in SILENT)

    # ---- each field, each fault

    def _field_faults(self, field):
        """(value, code, what it is) of values that this field must not have."""
        kind = field.kind
        if kind == "UUID":
            yield b"x" * 15, "malformed", "15 bytes"
            yield "x" * 16, "malformed", "text"
            yield 5, "malformed", "a number"
        elif kind == "SEQ":
            yield HUGE, "value", "2^63"
            yield (1 << 64) - 1, "value", "2^64 - 1"
            yield -1, "malformed", "negative"
            yield "1", "malformed", "text"
            yield 1.5, "malformed", "a float"
        elif kind == "INT":
            yield HUGE, "malformed", "2^63"
            yield None, "malformed", "nil"
        elif kind == "ENUM":
            yield 0, "value", "0"
            yield field.limit, "value", "its limit"
            yield (1 << 32) + 1, "value", "2^32 + 1"
            yield -3, "malformed", "negative"
            yield b"\x01", "malformed", "bytes"
        elif kind == "TEXT":
            yield "ä" * (field.limit + 1), "too_long", "a code point too many"
            yield b"bytes", "malformed", "bytes"
            yield "a\0b", "malformed", "NUL"
            yield RawStr(b"a\xff"), "malformed", "a byte that UTF-8 has not"
            yield RawStr(b"\xed\xa0\x80"), "malformed", "a surrogate"
            yield RawStr(b"\xc0\xaf"), "malformed", "an overlong form"
            yield RawStr(b"a\xe2\x82"), "malformed", "a sequence cut short"
            yield RawStr(b"\xf5\x80\x80\x80"), "malformed", "beyond U+10FFFF"
        elif kind in ("LOOSE", "BYTES"):
            yield b"x" * (field.limit + 1), "too_long", "a byte too many"
            yield 7, "malformed", "a number"
            if kind == "BYTES":
                yield "text", "malformed", "text"
        else:
            yield [1] * (field.limit + 1), "too_long", "an item too many"
            yield 3, "malformed", "a number"
            yield [1, "x"], "malformed", "an item of text"
            yield [1, -1], "malformed", "a negative item"

    def _pairs(self, message, without=None):
        return [(msgpack.packb(tag), _packed(value)) for tag, value in self.fields(message).items() if tag != without]

    def field_faults(self, door, message):
        """Each field of a message with each fault, and the fields that are required, left out."""
        for field in message.fields:
            for value, code, what in self._field_faults(field):
                pairs = self._pairs(message, field.tag) + [(msgpack.packb(field.tag), _packed(value))]
                yield self._fault(door, message, pairs, field.name, code, what)
            pairs = self._pairs(message, field.tag) + [(msgpack.packb(field.tag), _packed(self.value(field)))] * 2
            yield self._fault(door, message, pairs, field.name, "malformed", "twice")
            if field.required:
                yield self._fault(door, message, self._pairs(message, field.tag), field.name, "missing", "left out")
        yield self._fault(door, message, self._pairs(message) + [(b"\xa1x", b"\x01")], "", "malformed", "a tag of text")

    def _fault(self, door, message, pairs, field, code, what):
        self.visited.add((message.number, field, code))
        return Shot([raw_map(message.number, pairs)], f"{message.name}.{field or 'tag'}: {what}",
                    self.answer_to(door, message, "malformed", field, code))

    # ---- whole frames

    def frames(self, door):
        """Frames that are no message."""
        for what, data in (
                ("no array", msgpack.packb({1: 1})), ("two items", pack(1, 4)), ("four items", pack(1, 4, {}, 0)), ("version 2", pack(2, 4, {})),
                ("version of text", pack("1", 4, {})), ("number of text", pack(1, "4", {})), ("a list of fields", pack(1, 4, [])),
                ("number 0", pack(1, 0, {})), ("a number between others", pack(1, 19, {})),
                (f"number {NUMBERS_END}", pack(1, NUMBERS_END, {})), ("number 2^40", pack(1, 1 << 40, {})),
                ("number -1", pack(1, -1, {})), ("a number", b"\x01"), ("nil", b"\xc0")):
            yield Shot([data], f"frame: {what}", "refused:malformed:0:")
        for what, data in self.bombs():
            yield Shot([data], f"bomb: {what}", "refused:malformed:0:")
        yield Shot([frame(4, {})] * 5, "five frames", "refused:malformed:0:")
        yield Shot([frame(4, {})] * 500, "five hundred frames", "refused:malformed:0:")
        yield Shot([frame(1, {1: 2, 2: "x", 3: b"y" * 16})], "hello of version 2", "refused:version:1:")
        no, torn = [frame(3, {1: 1, 2: 1})], "refused:malformed:0:"
        for what, data, wants in (
                ("three", bundle(no, [b"\x01"], no), ("refused:unknown:3:", torn, "refused:unknown:3:")),
                ("a message of four frames", bundle([*no, b"", b"x", b"y"]), ("refused:unknown:3:",)),
                ("a message of no frame", bundle(no, []), ("refused:unknown:3:", torn)),
                ("a message of five frames", bundle(no, no * 5), ("refused:unknown:3:", torn)),
                ("cut", bundle(no, no)[:-1], ("refused:unknown:3:", torn)), ("cut in a length", bundle(no, no)[:-len(no[0]) - 2], ("refused:unknown:3:", torn)),
                ("a length of 4 GiB", b"\xc1\x01\xff\xff\xff\xff" + no[0], (torn,)), ("a bundle in it", bundle([bundle(no)]), (torn,)),
                ("another frame behind", None, (torn,))):
            frames = [data] if data is not None else [bundle(no), no[0]]
            yield Shot(frames, f"bundle: {what}", wants[0], more=wants[1:])
        for tag in (5, 31, 32, 33, 1 << 40):
            yield Shot([frame(4, {tag: [b"x"]})], "a newer peer's tag", "pong")

    @staticmethod
    def bombs():
        """What the bounds scan must see before msgpack-c does: each of its branches."""
        yield "empty", b""
        yield "never used", b"\xc1"
        yield "array of 2^28", b"\xdd\x0f\xff\xff\xff"
        yield "array of 2^32", b"\xdd\xff\xff\xff\xff" + bytes(64)
        yield "map of 2^32", b"\xdf\xff\xff\xff\xff" + bytes(64)
        yield "array of 65,535", b"\xdc\xff\xff" + b"\xc0" * 65534
        yield "map of 65,535", b"\xde\xff\xff" + b"\xc0" * 131069
        yield "nested arrays of 65,535", b"\xdc\xff\xff" * 32
        yield "more than 4,096 items", b"\x93\x01\x04\x81\x05\xdc\x10\x00" + b"\xc0" * 4096
        yield "a million nils", b"\xdd\x00\x0f\xff\x00" + b"\xc0" * 0xfff00
        yield "nine deep", b"\x91" * 9 + b"\xc0"
        yield "a thousand deep", b"\x91" * 1000 + b"\xc0"
        yield "fixmap cut", b"\x8f\x01"
        yield "fixarray cut", b"\x9f\x01"
        yield "fixstr cut", b"\xbfabc"
        yield "two items", b"\x01\x01"
        yield "a message and a byte", frame(4, {}) + b"\x00"
        for head, width, extra in ((0xc4, 1, 0), (0xc5, 2, 0), (0xc6, 4, 0), (0xc7, 1, 1), (0xc8, 2, 1), (0xc9, 4, 1), (0xd9, 1, 0), (0xda, 2, 0), (0xdb, 4, 0)):
            yield f"{head:#x} without its length", bytes([head]) + bytes(width - 1)
            yield f"{head:#x} longer than there is", bytes([head]) + b"\xff" * width + b"abc"
            yield f"{head:#x} whole, and no message", bytes([head]) + bytes([0] * (width - 1) + [3]) + bytes(extra) + b"abc"
        for head, length in ((0xca, 4), (0xcb, 8), (0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8), (0xd0, 1), (0xd1, 2), (0xd2, 4), (0xd3, 8),
                             (0xd4, 2), (0xd5, 3), (0xd6, 5), (0xd7, 9), (0xd8, 17)):
            yield f"{head:#x} cut", bytes([head]) + bytes(length - 1)
            yield f"{head:#x} whole, and no message", bytes([head]) + bytes(length)
        for head in (0xdc, 0xdd, 0xde, 0xdf):
            yield f"{head:#x} without its count", bytes([head])
            yield f"{head:#x} whole, and no message", bytes([head]) + bytes({0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4}[head])
        yield "true", b"\xc3"
        yield "false", b"\xc2"
        yield "negative fixint", b"\xff"

    # ---- at random

    def mutated(self, door):
        """A whole valid message with some of its bytes changed: it must get exactly one answer, or end the conversation."""
        frames, name = self.whole(self.dice.choice(door.handles)), "mutated"
        for _ in range(self.dice.randint(1, 4)):
            at = self.dice.randrange(len(frames))
            data, way = bytearray(frames[at]), self.dice.randrange(8)
            if way == 0 and data:
                data[self.dice.randrange(len(data))] ^= 1 << self.dice.randrange(8)
            elif way == 1 and data:
                data[self.dice.randrange(len(data))] = self.dice.choice((0, 0x7f, 0x80, 0xc1, 0xd9, 0xdd, 0xdf, 0xff))
            elif way == 2:
                data = data[:self.dice.randrange(len(data) + 1)]
            elif way == 3:
                spot = self.dice.randrange(len(data) + 1)
                data[spot:spot] = self.dice.randbytes(self.dice.randint(1, 9))
            elif way == 4 and data:
                spot = self.dice.randrange(len(data))
                del data[spot:spot + self.dice.randint(1, 9)]
            elif way == 5 and len(frames) > 1:
                other = self.dice.randrange(len(frames))
                frames[at], frames[other] = frames[other], frames[at]
                continue
            elif way == 6 and len(frames) > 1:
                del frames[at]
                continue
            elif way == 7 and len(data) > 4:
                spot = self.dice.randrange(len(data) - 4)
                data[spot:spot + 4] = struct.pack(">I", self.dice.choice((0, 1, 0x7fffffff, 0xffffffff, 65536)))
            frames[at] = bytes(data)
        return Shot(frames, name)

    def truncated(self, door):
        name = self.dice.choice(door.handles)
        data = self.whole(name)[0]
        return Shot([data[:self.dice.randrange(len(data))]], "truncated", "refused:malformed:0:")

    def noise(self):
        return Shot([self.dice.randbytes(self.dice.randint(0, 300)) for _ in range(self.dice.randint(1, 4))], "noise")

    # ---- what the doors' own rules refuse

    def broken_telephone(self):
        """NUL, bad UTF-8, control bytes in a citizen's text: never refused; cleaned, the raw bytes kept."""
        text = b"Jalan\0rusak \xff\xfe \xed\xa0\x80 \xc0\x80 \x1b[31m " + self.dice.randbytes(12).replace(b"\n", b" ")
        return Shot(self.submit(title=b"Judul\0\xff", text=text), "a broken telephone", "accepted")

    def submissions(self):
        """Each rule of admission that decides over a submission that decodes."""
        now = int(time.time() * 1000)
        cases = (
            ("ahead", "created", {"created": now + 1200000}), ("value", "created", {"created": 1 << 48}),
            ("missing", "key", {"key": b""}), ("value", "place", {"place": "9x.01"}), ("value", "place", {"place": "91.1"}),
            ("value", "incident", {"incident": "2025-1-1"}), ("value", "latitude", {"latitude": 900000001, "longitude": 1}),
            ("value", "longitude", {"latitude": 1, "longitude": -1800000001}), ("value", "code_hash", {"code_hash": b"short"}),
            ("value", "category", {"category": 1 << 31}), ("right", "priority", {"priority": 1}),
            ("right", "raw_text", {"raw_text": b"forged"}), ("right", "raw_title", {"raw_title": b"forged"}),
            ("missing", "parent", {"kind": 2}), ("number", "parent", {"kind": 2, "parent": "A000000000001"}),
            ("number", "parent", {"kind": 5, "parent": "x"}), ("value", "rating", {"kind": 4, "rating": 6, "parent": "A0000000000000"}),
            ("empty", "text", {"text": ""}), ("empty", "text", {"text": " \n\t "}), ("empty", "text", {"text": b"\x01\x02"}),
            ("too_long", "text", {"text": "x" * 10001}), ("too_long", "title", {"title": "x" * 201}),
            ("too_long", "text", {"text": b"\xff" * 10001}), ("right", "attachments", {"attachments": b"x" * 32}),
            ("too_long", "submit", {"_pad": 300000}), ("too_long", "content", {"_pad_content": 300000}))
        for code, field, changed in cases:
            pad, pad_content = changed.pop("_pad", 0), changed.pop("_pad_content", 0)
            frames = self.submit(**changed)
            if pad or pad_content:  # a tag of a newer peer, and far too much of it
                fields = [msgpack.unpackb(data, strict_map_key=False)[2] for data in frames]
                fields[0 if pad else 1][31] = bytes(pad + pad_content)
                frames = [frame(10, fields[0]), frame(11, fields[1])]
            yield Shot(frames, f"submission: {code} {field}", f"reject:{code}:{field}")
        submit, content = self.submit()
        yield Shot([submit, frame(4, {})], "submission: another frame", "reject:malformed:content")
        yield Shot([submit, b"\xc1"], "submission: no content", "reject:malformed:")
        yield Shot([submit, frame(11, {1: "x"})], "submission: content without text", "reject:missing:text")
        yield Shot([submit, content, b"junk", b"junk"], "submission: frames too many", "accepted")

    def conflict(self):
        """The same key twice, with two bodies."""
        key, created = self.dice.randbytes(16), 1700000000000 + self.dice.randrange(1 << 30)
        first = self.submit(key=key, created=created)
        return (Shot(first, "the first", "accepted"), Shot(first, "replayed", "accepted"),
                Shot(self.submit(key=key, created=created), "another body", "reject:conflict:key"))

    def asked(self):
        """Queries with arguments that do not fit."""
        for name, arguments in (("read_queue", "not JSON"), ("read_queue", "{}"), ("read_queue", "[1]"), ("read_track", '["1","2","3","4","5","6","7"]'),
                                ("read_track", '[null]'), ("read_complaint", '["\'; drop table complaint; --"]'), ("read_queue", "[" * 4000),
                                ("select version", "[]"), ("", "[]"), ("../../etc/passwd", "[]"), ("read_track", '["\\u0000"]')):
            yield Shot([frame(50, {1: self.ref(), 2: name, 3: arguments})], f"asked: {name}", "rows:")

    def extremes(self):
        """Numbers at the ends of their ranges, to the store's own door: nothing behind it may overflow."""
        end = (1 << 63) - 1
        for tags in ({"t1": end}, {"t2": end}, {"t3": end}, {"t4": end}, {"t11": end}, {"t12": end}, {"t10": end}, {"t9": "x" * 13},
                     {"t13": "no JSON"}, {"t13": "{" * 4000}, {"t5": 5}, {"t8": 1, "t6": 2, "t7": 2}):
            yield Shot(self.place(**tags), f"place: {list(tags)[0]} at its end", "stored:")
        for tag in (3, 4, 5):
            frames = self.place()
            fields = msgpack.unpackb(frames[1], strict_map_key=False)[2]
            fields[tag] = end
            frames[1] = frame(20, fields)
            yield Shot(frames, f"offer: tag {tag} at its end", "stored:")
        for name, fields in (("pull", {1: end, 2: [end, 1 << 32, 0], 3: end, 4: end, 5: end}), ("act", {3: end, 4: end, 8: end, 10: end})):
            message = self.by_name[name]
            inner = {**self.fields(message), **fields}
            yield Shot([frame(35, {1: end, 2: end, 3: end}), frame(message.number, inner)], f"behalf: {name} at its ends",
                       "pulled:" if name == "pull" else "acted:")


class RawStr:
    """msgpack str with bytes that need not be UTF-8."""

    def __init__(self, data):
        self.data = data


def _packed(value):
    if isinstance(value, RawStr):
        return bytes([0xa0 | len(value.data)]) + value.data
    return msgpack.packb(value, use_bin_type=True)


def named(frames):
    """The word of an answer, and its fields."""
    parts = [msgpack.unpackb(data, raw=False, strict_map_key=False, unicode_errors="surrogateescape") for data in frames]
    kinds = [NAMES[part[1]] for part in parts]
    at = 1 if kinds[0] in ("behalf", "origin") else 0
    kind, fields = kinds[at], parts[at][2]
    if kind == "refused":
        return f"refused:{WORDS['refusal'][fields[1]]}:{fields.get(2, 0)}:{fields.get(4, '')}", fields
    if kind == "reject":
        return f"reject:{WORDS['reject'][fields[2]]}:{fields.get(3, '')}", fields
    if kind in ("pulled", "acted", "rows"):
        verdict, reason = (2, 0) if kind == "rows" else (3, 4)
        return f"{kind}:{WORDS['verdict'][fields[verdict]]}:{WORDS['reason'].get(fields.get(reason), '') if reason else ''}", fields
    if kind == "stored":
        return f"stored:{WORDS['outcome'][fields[4]]}", fields
    return kind, fields


SILENCE = 5  # seconds after which a door may take a peer for gone; PROTOCOL.md says six


class Line:
    """A conversation with a door, a shot at a time."""

    def __init__(self, door, endpoint, server_key="", keys=None, routing_id=None, greets=True):
        self.door, self.endpoint, self.server_key, self.keys, self.routing_id = door, endpoint, server_key, keys, routing_id
        self.sent = self.ended = 0
        self.outcomes = {}   # an answer's first two parts -> count
        self.problems = []
        self.kept = []       # (word, fields) of the answers to what became durable
        self.said = 0.0
        self.socket = None
        self.greets = greets
        self.open()

    def open(self):
        if self.socket is not None:
            self.socket.close(0)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        if self.server_key:
            self.socket.curve_serverkey = self.server_key.encode()
            self.socket.curve_publickey, self.socket.curve_secretkey = (key.encode() for key in self.keys)
        if self.routing_id:
            self.socket.setsockopt(zmq.ROUTING_ID, self.routing_id)
        self.socket.connect(self.endpoint)
        if self.greets:
            self.hello()

    def close(self):
        self.socket.close(0)

    def hello(self, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.send(frame(1, {1: 1, 2: "hostile", 3: os.urandom(16)}))
            word = self.take(1.0)
            while word is not None and word[0] != "welcome":
                word = self.take(1.0)
            if word:
                self.said = time.monotonic()
                return
        raise RuntimeError(f"{self.door.name}: no welcome within {seconds} s")

    def take(self, seconds):
        """(word, fields), or None where nothing came in time; credit, snapshots and what the store asks its routers are nobody's answer."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if not self.socket.poll(max(0, int(left * 1000))):
                return None
            word = named(self.socket.recv_multipart())
            if word[0] not in ("credit", "snapshot", "reoffer", "redecide", "outbox"):
                return word

    def _until_fence(self, seconds):
        """What came before the ping was answered, and how that was: pong, or the conversation is over."""
        found, deadline = [], time.monotonic() + seconds
        while True:
            word = self.take(max(0.0, deadline - time.monotonic()))
            if word is None:
                return found, "silence"
            if word[0] == "pong":
                return found, "pong"
            if word[0] == "refused:hello:4:":
                return found, "ended"
            found.append(word)

    def beat(self):
        """Keeps the conversation open while no shot is fired."""
        silent = time.monotonic() - self.said
        if silent < 1.5:
            return
        self.said = time.monotonic()
        self.socket.send(frame(4, {}))
        found, fence = self._until_fence(10)
        if fence == "ended" and silent > SILENCE:  # we had no turn for so long
            self.ended += 1
            self.hello()
        elif (found, fence) != ([], "pong"):
            self.problems.append(f"{self.door.name}: a ping {silent:.1f} s after the last word got {[word for word, _ in found]} and {fence}")

    def fire(self, shot, seconds=20):
        """Sends it and takes its answer; what is wrong goes to `problems`."""
        self.socket.send_multipart(shot.frames)
        self.socket.send(frame(4, {}))
        self.sent += 1
        self.said = time.monotonic()
        found, fence = self._until_fence(seconds)
        if fence == "silence":
            self.problems.append(f"{self.door.name}: {shot.label}: silence for {seconds} s: {[data.hex()[:200] for data in shot.frames]}")
            self.open()
            return None
        if shot.want == "pong":
            found.insert(0, self.take(seconds) or ("silence", {}))
        if not found and fence == "pong" and not self._may_be_silent(shot):
            late = self.take(seconds)
            found += [late] if late else []
        if fence == "ended":
            self.ended += 1
            self.hello()
        word, fields = found[0] if found else (("bye", {}) if fence == "ended" else ("nothing", {}))
        self._judge(shot, word, found, fence)
        for further, _ in found[1:]:  # of a bundle
            self.sent += 1
            self.count(further)
        if word == "accepted" or word.startswith("stored:"):
            self.kept.append((word, fields))
        self.count(word)
        return word, fields

    def count(self, word):
        kind = ":".join(word.split(":")[:2])
        self.outcomes[kind] = self.outcomes.get(kind, 0) + 1

    def _judge(self, shot, word, found, fence):
        wrong = None
        further = tuple(one[0] for one in found[1:])
        chance = shot.label in ("mutated", "noise") and shot.frames[0][:1] == b"\xc1"
        if further != shot.more and not chance:
            wrong = f"{len(found)} answers: {[one[0] for one in found]}"
        elif shot.ends != (fence == "ended") and shot.label not in ("mutated", "noise"):
            wrong = f"the conversation {'ended' if fence == 'ended' else 'goes on'}"
        elif shot.silent and word != "nothing":
            wrong = f"got {word}, not silence"
        elif shot.want and not word.startswith(shot.want):
            wrong = f"got {word}, not {shot.want}"
        elif word == "nothing" and not self._may_be_silent(shot):
            wrong = "no answer at all"
        if wrong:
            self.problems.append(f"{self.door.name}: {shot.label}: {wrong}: {[data.hex()[:160] for data in shot.frames]}")

    @staticmethod
    def _may_be_silent(shot):
        if shot.silent:
            return True
        try:
            return msgpack.unpackb(shot.frames[0], strict_map_key=False)[1] in [NUMBERS[name] for name in SILENT]
        except Exception:  # noqa: BLE001 - it is no message at all
            return False
