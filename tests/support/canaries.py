"""Marks in whatever tells who a reporter is, and the search for them.

    who = Reporter(17)              # who.name, who.phone, who.mail, who.nik, who.address, who.photo(), who.headers
    search = Search()
    search.look("dump", "pg_dump", data)
    search.finds                     # [(place, name, what stands around it)]

A mark is looked for as it is, in base64, hexadecimal and UTF-16, in either case, and within gzip and zlib streams.
"""
import base64
import functools
import io
import os
import pathlib
import re
import zlib

from content import photo_with, picture
from film import film, marked
from heif import heic

MARK = "Qxkanari"  # in every name, address and picture
DIGITS = "89173648"  # in every number, behind 0, 62 or what else stands before it; in every network address
UNPACKED_MOST = 1 << 24


def _camera(n):
    """What a telephone writes of itself into what reporter `n` took."""
    return f"{MARK} Kamera {n:05}"


@functools.cache
def _first(kind):
    """Of each kind but JPEG the first reporter's, with his mark wherever the kind knows a place: to make one takes a good part of a second."""
    mark = _camera(0)
    if kind == "heic":
        return heic(marks=mark.encode())
    if kind == "gif":
        out = io.BytesIO()
        picture().save(out, "GIF", comment=mark.encode(), save_all=True, append_images=[picture()], xmp=mark.encode())
        return out.getvalue()
    return marked(film(mark), mark)


class Reporter:
    """Number `n` of the run; up to 99,999."""

    def __init__(self, n):
        self.n = n
        self.name, self.address, self.mail = f"{MARK} Sari {n:05}", f"Gang {MARK} {n:05}", f"{MARK.lower()}{n:05}@example.org"
        self.phone, self.abroad, self.nik = f"0{DIGITS}{n:05}", f"62{DIGITS}{n:05}", f"310{DIGITS}{n:05}"
        self.device = f"{MARK}-gawai-{n:05}"

    @property
    def headers(self):
        """What a browser and the proxy before the door say of him."""
        return {"User-Agent": f"{MARK}/{self.n:05}", "X-Forwarded-For": f"2001:db8:{DIGITS[:4]}:{DIGITS[4:]}:{self.n:x}::1"}

    def photo(self):
        """Of sixteen at the same door one has a HEIC, one a GIF, and one a film."""
        kind = {3: "heic", 8: "gif", 13: "film"}.get(self.n // 20 % 16)
        if kind is None:
            return photo_with(_camera(self.n), self.n)
        return _first(kind).replace(_camera(0).encode(), _camera(self.n).encode())

    def contact(self, kind):
        return self.mail if kind == "email" else self.phone


def shapes(mark):
    """Forms in which a mark might lie somewhere.  UTF-16 without its first zero, that it be both of them."""
    raw = mark.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), mark.encode("utf-16-le")[:-1]}
    for shift in range(3):  # base64 of it at each place within three bytes, without the signs that its neighbours decide
        text = base64.b64encode(b"\0" * shift + raw)
        found.add(text[(0, 2, 3)[shift]:len(text) - 4])
    return found


SHAPES = sorted({shape for mark in (MARK, MARK.lower(), MARK.upper(), DIGITS) for shape in shapes(mark)} |
                {f"{DIGITS[:4]}:{DIGITS[4:]}".encode(), bytes.fromhex("20010db8" + DIGITS)})
STREAM = re.compile(b"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
WHOSE = re.compile(f"(?:{MARK}[^0-9]{{1,10}}|{MARK.lower()}|{DIGITS})([0-9]{{5}})".encode())


def whose(data):
    """Numbers of the reporters whose marks are in it."""
    return {int(number) for number in WHOSE.findall(data)}


def unpacked(data):
    """What gzip and zlib streams within it hold."""
    whole = memoryview(data)
    for start in (found.start() for found in STREAM.finditer(data)):
        try:
            piece = zlib.decompressobj(wbits=47).decompress(whole[start:start + UNPACKED_MOST], UNPACKED_MOST)
        except zlib.error:
            continue
        if piece:
            yield piece


class Search:
    def __init__(self, once=False):
        """`once`: a place where something was found is not looked at any more."""
        self.finds, self.bytes, self.places, self.once = [], 0, {}, once

    def look(self, place, name, data):
        if self.once and any(place == found for found, _, _ in self.finds):
            return
        self.bytes += len(data)
        self.places[place] = self.places.get(place, 0) + 1
        for piece in (data, *unpacked(data)):
            for shape in SHAPES:
                at = piece.find(shape)
                if at >= 0:
                    self.finds.append((place, name, piece[max(0, at - 60):at + 60]))
                    return

    def folder(self, root, place_of):
        """Every file below it; `place_of` says of a path what it belongs to."""
        for folder, _, names in os.walk(root):
            for name in names:
                path = pathlib.Path(folder, name)
                try:
                    if path.is_file() and not path.is_symlink():
                        inside = str(path.relative_to(root))
                        self.look(place_of(inside), inside, path.read_bytes())
                except FileNotFoundError:
                    pass  # a server's file that lived for a moment
