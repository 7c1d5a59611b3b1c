"""The content store's folder as a test sees it, and pictures as a camera makes them.

    photo = camera_photo()          # a JPEG whose EXIF names camera, place and owner
    kept(stack)                     # digests and copies that something names
"""
import functools
import hashlib
import io
import os
import re
import struct
import subprocess
import tempfile
import time
import zlib

from PIL import Image

from stack import BUILD

CANARIES = (b"Kamera Rahasia 9000", b"Sari Dewanti", b"catatan pribadi", b"2026:11:27 06:07:08")


def digest(data):
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def picture(width=120, height=80):
    """Red, with a blue corner above on the left: how it lies can be seen."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((20, 20, 220), (0, 0, width // 4, height // 4))
    return image


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def photo_of(size):
    """A JPEG of about so many bytes: noise, which no coder makes smaller."""
    side = int(size ** 0.5)
    while True:
        out = io.BytesIO()
        Image.effect_noise((side, side), 100).convert("RGB").save(out, "JPEG", quality=92)
        if len(out.getvalue()) >= size:
            return out.getvalue()
        side += side // 8


def camera_photo(orientation=6, image=None, kind="JPEG"):
    """What a telephone writes: camera, owner, time, position, a comment."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Aduan", CANARIES[0].decode(), orientation
    exif[0x013B], exif[0x9003] = CANARIES[1].decode(), CANARIES[3].decode()
    position = exif.get_ifd(0x8825)
    position[1], position[2], position[3], position[4] = "S", (6.0, 58.0, 12.5), "E", (110.0, 25.0, 5.25)
    out = io.BytesIO()
    more = {"comment": CANARIES[2]} if kind == "JPEG" else {}
    (image or picture()).save(out, kind, exif=exif, **more)
    assert all(canary in out.getvalue() for canary in CANARIES[:2])
    return out.getvalue()


def photo_with(mark, number=0):
    """A JPEG whose EXIF and comment say the mark; each number looks otherwise."""
    exif = Image.Exif()
    exif[0x0110] = exif[0x013B] = exif[0x8298] = mark
    out = io.BytesIO()
    image = picture()
    image.paste((number % 256, number // 256 % 256, 128), (60, 40, 120, 80))
    image.save(out, "JPEG", exif=exif, comment=mark.encode())
    return out.getvalue()


@functools.cache
def bomb(side=30000):
    """A small PNG that is 900 million pixels."""
    return png(Image.new("1", (side, side)))


def interlaced(width, height, colour):
    """A PNG of one colour in the seven passes of Adam7, which Pillow does not write."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join((b"\0" + bytes(colour) * ((width - x + across - 1) // across)) * ((height - y + down - 1) // down)
                    for x, y, across, down in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def reencoded(ending, data):
    """What aduan-reencode makes of it: a picture."""
    done = subprocess.run([os.path.join(BUILD, "common", "content", "reencode", "aduan-reencode"), ending], input=data, stdout=subprocess.PIPE, check=True)
    return Image.open(io.BytesIO(done.stdout))


def in_first_folder(text):
    """Such a note that its digest begins with 00: the folder that a sweep looks through first."""
    return next(data for data in (f"{text} {number}".encode() for number in range(100000)) if digest(data).startswith("00"))


def names(folder, below):
    path = os.path.join(folder, "files", below)
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def kept(stack):
    """Names in the folders of what is kept: digests, and those that end in .copy or .no."""
    root = os.path.join(stack.folder, "files")
    return sorted(name for below in os.listdir(root) if re.fullmatch("[0-9a-f]{2}", below) for name in os.listdir(os.path.join(root, below)))


def everywhere(stack):
    """All bytes of the content store, at one time: looked at anew where one is renamed or goes meanwhile."""
    found = []
    for root, _, files in os.walk(os.path.join(stack.folder, "files")):
        for name in files:
            path = os.path.join(root, name)
            try:
                with open(path, "rb") as file:
                    found.append((path, file.read()))
            except FileNotFoundError:
                return everywhere(stack)
    return found


def opened(browser, path, seconds=30):
    """The answer of a file's address, once its copy is made."""
    deadline = time.monotonic() + seconds
    while (answer := browser.get(path)).status == 503:
        assert answer.headers["Retry-After"] and time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    return answer


def upload(stack, *files):
    """As the public's door puts them into the store, boxed; their digests, as bytes."""
    with tempfile.TemporaryDirectory(dir=stack.folder) as folder:
        paths = []
        for number, data in enumerate(files):
            paths.append(os.path.join(folder, str(number)))
            with open(paths[-1], "wb") as file:
                file.write(data)
        done = subprocess.run([os.path.join(BUILD, "tests", "unit", "content_tool"), os.path.join(stack.folder, "files"), *paths],
                              stdout=subprocess.PIPE, text=True, check=True)
    return [bytes.fromhex(line) for line in done.stdout.split()]
