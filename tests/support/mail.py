"""Mails as they come over the wire, and RT's own rt-mailgate, which brings them."""
import email.utils
import hashlib
import shutil
import subprocess
import time

SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
MAILGATE = shutil.which("rt-mailgate-5") or shutil.which("rt-mailgate")


def mail(text="", *, sender="Sari Dewi <sari@example.org>", subject="Jalan berlubang", id=None, headers=(), date=None,  # pylint: disable=redefined-builtin
         kind="text/plain; charset=utf-8", to="aduan@example.go.id"):
    """A mail's bytes; `text` is a str, or bytes as they are."""
    id = f"<{time.monotonic_ns()}@example.org>" if id is None else id
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Date: {date or email.utils.formatdate()}", "MIME-Version: 1.0",
             f"Content-Type: {kind}", *([f"Message-ID: {id}"] if id else []), *headers]
    return "\n".join(lines).encode() + b"\n\n" + (text if isinstance(text, bytes) else text.encode())


def parts(*pieces, kind="mixed", **more):
    """A multipart mail of (headers, bytes)."""
    body = b"".join(b"--grenze\n" + headers.encode() + b"\n\n" + content + b"\n" for headers, content in pieces) + b"--grenze--\n"
    return mail(body, kind=f'multipart/{kind}; boundary="grenze"', **more)


def mailgate(stack, raw, *more):
    """Exit status of rt-mailgate, and what it said."""
    assert MAILGATE, "rt-mailgate is not installed: package rt5-clients (tests/packages)"
    done = subprocess.run([MAILGATE, "--url", f"http://127.0.0.1:{stack.ports['web']}", "--action", "correspond", "--queue", "aduan", *more], input=raw,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def bring(visitor, raw, file=None):
    """The same by our own hand, which is faster: the answer of the endpoint."""
    name = f'; filename="{file}"' if file is not None else ""
    body = (b'--grenze-aduan\r\nContent-Disposition: form-data; name="action"\r\n\r\ncorrespond\r\n--grenze-aduan\r\nContent-Disposition: form-data; name="message"' + name.encode() +
            b"\r\nContent-Type: application/octet-stream\r\n\r\n" + raw + b"\r\n--grenze-aduan--\r\n")
    return visitor.ask("POST", "/REST/1.0/NoAuth/mail-gateway", body, {"Content-Type": "multipart/form-data; boundary=grenze-aduan"})


def _token(stack, kind, name, tag):
    whole = name + hashlib.blake2b(bytes([kind]) + name, digest_size=16, key=bytes.fromhex(stack.secret("reply"))).digest()[:tag]
    bits = int.from_bytes(whole, "big")
    return "".join(SYMBOLS[bits >> 5 * at & 31] for at in range(len(whole) * 8 // 5 - 1, -1, -1))


def case_token(stack, identity):
    """As common/domain/token.h: what the address that answers go to holds."""
    return _token(stack, 1, identity, 9)


def notice_token(stack, identity, event=1, recipient=0):
    return _token(stack, 2, identity + event.to_bytes(2, "big") + recipient.to_bytes(4, "big"), 8)
