"""An adapter, written from common/wire/PROTOCOL.md alone."""
import hashlib
import os
import random
import time

import msgpack
from nacl.public import PublicKey, SealedBox

from peer import Peer, frame

SUBMIT, CONTENT, ACCEPTED, TEMPFAIL, REJECT = 10, 11, 12, 13, 14
CODE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BEFORE_1970 = 0


def padded(data, block):
    """ISO 7816-4, as sodium_pad does it."""
    data += b"\x80"
    return data + bytes(-len(data) % block)


class Adapter(Peer):
    credit_tag = 4
    account = None  # of a front's key: the adapter for which it speaks
    front = None    # tells an Adapter of a front's key, which speaks for this one where it names files

    def content(self, key, title, text, identity, email, language, attachments=()):
        tags = {"t1": title, "t2": text}
        if attachments:
            tags["t9"] = b"".join(attachments)
        if identity and 6 in self.welcome:
            clear = msgpack.packb({1: 1, 2: self.name, 3: key, 4: identity}, use_bin_type=True)
            tags["t5"] = SealedBox(PublicKey(self.welcome[6])).encrypt(padded(clear, 512))
            tags["t6"] = self.welcome[7]
        if email and 8 in self.welcome:
            clear = msgpack.packb({1: 1, 2: self.name, 3: key, 4: "email", 5: email, 6: language}, use_bin_type=True)
            tags["t7"] = SealedBox(PublicKey(self.welcome[8])).encrypt(padded(clear, 256))
            tags["t8"] = self.welcome[9]
        return frame(CONTENT, **tags)

    def submit(self, text, title=None, key=None, created=None, kind=1, channel=1, category=None, place=None, target=None,
               class_=None, anonymous=None, secret=None, parent=None, code=None, priority=None, rating=None, identity=None,
               email=None, language="id", seconds=30.0, once=False, ref=None, at=(None, None), attachments=(), doubt=None):
        """('accepted', fields) | ('reject', fields) | ('tempfail', fields) | ('unknown', None).

        Repeats with the same key and created until ACCEPTED or REJECT, as an adapter must."""
        if attachments and self.front:
            return self.front().submit(text, title, key, created, kind, channel, category, place, target, class_, anonymous, secret, parent, code, priority,
                                     rating, identity, email, language, seconds, once, ref, at, attachments, doubt)
        key = key or os.urandom(16).hex().encode()
        created = int(time.time() * 1000) if created is None else created
        if not self.welcome and not self.hello(seconds):
            return "unknown", None
        code_hash = hashlib.blake2b(code.encode(), digest_size=32).digest() if code else None
        content = self.content(key, title, text, identity, email, language, attachments)
        deadline, delay = time.monotonic() + seconds, 0.5
        while True:
            ref = self.ref()
            submit = frame(SUBMIT, t1=ref, t2=kind, t3=key, t4=created, t5=channel, t6=class_, t7=category, t8=place, t10=at[0], t11=at[1], t13=target,
                           t14=anonymous, t15=secret, t16=parent, t17=code_hash, t18=priority,
                           t19={"id": 1, "en": 2}[language], t21=rating, t23=self.account, t25=doubt)
            answer = None
            if self.say([submit, content], min(5.0, max(0.1, deadline - time.monotonic()))):
                answer = self.take(ref, min(delay * 4, max(0.0, deadline - time.monotonic())))
            if answer and answer[0] == ACCEPTED:
                return "accepted", answer[1]
            if answer and answer[0] == REJECT:
                return "reject", answer[1]
            if once or time.monotonic() > deadline:
                return ("tempfail", answer[1]) if answer else ("unknown", None)
            wait = answer[1][2] / 1000 if answer else delay * random.uniform(0.5, 1.5)
            self.take(0, min(wait, max(0.0, deadline - time.monotonic())))
            delay = min(delay * 2, 8)


def new_code():
    """26 symbols, 128 bits."""
    number = int.from_bytes(os.urandom(16), "big") << 2
    return "".join(CODE[number >> shift & 31] for shift in range(125, -1, -5))
