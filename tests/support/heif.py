"""HEIC pictures box by box (ISO 14496-12, 23008-12): what telephones write, what they say in every place, and what they never would.

    heic()                                      # 64 x 64: grey noise, blue above on the left
    heic(grid=(126, 95), shown=(8064, 6048))    # as a telephone of 48 megapixels: pieces put together
    heic(turn=3, marks=b"Kamera")               # turned, and the mark in each place that knows one
    coded(encoded(image))                       # pieces of another picture, by heif-enc
"""
import os
import struct
import subprocess
import tempfile

SIDE = 64
# What x265 makes of one such piece: what the decoder is told, and its one slice.
CONFIG = bytes.fromhex("0103700000000000000000001ef000fcfdf8f800000f03200001001840010c01ffff03700000030090000003000003001eba0240210001002b420101"
                       "03700000030090000003000003001ea020810596ea4929ae6e04040c08000003000800000300084022000100074401c172b02240")
SLICE = bytes.fromhex("000000c62801af0b60665092a27d61ffd888f66e2dc88107cc26298eadfd7cd6601c52c31370a62d5469b48b6ba7ae7b8d3ecd0ae485da1b52dd213b"
                      "b8f7ec3e7d560e3353dfdd456c96872ce284fc939f6ae61474529e49e2e06be342894ae2fb01d2a3bc0c99ef57314c48dd0a88f04653a5cb1474ccfa"
                      "c6a345d36b14d29663c10c7e2f67758eaca3748ad2271306ebba35c404c692e6d89be8c88b106f486307f99a3ea3568ecb1dbdf698dcfe581f66c328"
                      "dce1622c6f713080a0cb51f27cfb4fd31ddd42fad6c0")


def box(name, *parts):
    data = b"".join(parts)
    return struct.pack(">I4s", len(data) + 8, name) + data


def full(name, version, *parts, flags=0):
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def exif(mark, orientation=1):
    """An EXIF block as an item has it: make, orientation and a position."""
    text = mark + b"\0"
    tiff = (b"MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHII", 0x010F, 2, len(text), 38) + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
            + b"\0\0\0\0" + text)
    return b"\0\0\0\x06Exif\0\0" + tiff


def size_of(width, height):
    return full(b"ispe", 0, struct.pack(">II", width, height))


class Items:
    """Items of a file, where their bytes lie, and what they are to each other."""

    def __init__(self):
        self.entries, self.data, self.links, self.properties, self.uses = [], [], [], [], {}

    def add(self, kind, data, rest=b"", uses=()):
        number = len(self.entries) + 1
        self.entries.append(full(b"infe", 2, struct.pack(">HH4s", number, 0, kind), b"\0", rest))
        self.data.append(data)
        self.uses[number] = uses
        return number

    def same(self, count, kind, data, uses):
        """Many that have the same bytes."""
        first = self.add(kind, data, uses=uses)
        return first, [first, *(self.add(kind, None, uses=uses) for _ in range(count - 1))]

    def property(self, data):
        self.properties.append(data)
        return len(self.properties)

    def link(self, kind, one, others):
        self.links.append(box(kind, struct.pack(">HH", one, len(others)), *(struct.pack(">H", other) for other in others)))

    def meta(self, primary, offset, extra=b""):
        """The box of all of it, when the bytes of items begin at `offset`; they follow in their order."""
        places, at, last = [], offset, None
        for number, data in enumerate(self.data, 1):
            if data is not None:
                last, at = (at, len(data)), at + len(data)
            places.append(struct.pack(">HHHII", number, 0, 1, *last))
        uses = [struct.pack(">HB", number, len(used)) + bytes(used) for number, used in self.uses.items()]
        return full(b"meta", 0, full(b"hdlr", 0, b"\0\0\0\0pict" + bytes(13)), full(b"pitm", 0, struct.pack(">H", primary)),
                    full(b"iloc", 0, b"\x44\0", struct.pack(">H", len(places)), *places),
                    full(b"iinf", 0, struct.pack(">H", len(self.entries)), *self.entries),
                    full(b"iref", 0, *self.links) if self.links else b"",
                    box(b"iprp", box(b"ipco", *self.properties), full(b"ipma", 0, struct.pack(">I", len(uses)), *uses)), extra)


def heic(config=CONFIG, piece=SLICE, side=(SIDE, SIDE), grid=None, shown=None, claimed=None, turn=None, marks=None, circle=False, brand=b"heic"):
    """`side` of a piece; `grid` of columns and rows; `shown`: width and height of the whole; `claimed`: what its header says instead;
    `turn` in quarters against the clock; `circle`: its pieces are the whole itself; `marks` in EXIF, XMP, a description, boxes that nobody knows, a thumbnail's EXIF."""
    items = Items()
    decoder, tile = items.property(box(b"hvcC", config)), items.property(size_of(*(side if grid or not claimed else claimed)))
    uses = [0x80 | decoder, tile]
    turned = [0x80 | items.property(box(b"irot", bytes([turn])))] if turn is not None else []
    said = [items.property(full(b"udes", 0, *(marks + b"\0" for _ in range(4))))] if marks else []
    if grid:
        columns, rows = grid
        width, height = shown or (columns * side[0], rows * side[1])
        whole = items.property(size_of(*(claimed or (width, height))))
        _, tiles = items.same(columns * rows, b"hvc1", piece, uses)
        primary = items.add(b"grid", bytes([0, 1, rows - 1, columns - 1]) + struct.pack(">II", width, height), uses=[whole, *turned, *said])
        items.link(b"dimg", primary, [primary] * len(tiles) if circle else tiles)
    else:
        primary = items.add(b"hvc1", piece, uses=[*uses, *turned, *said])
    extra = after = b""
    if marks:
        for kind, data, rest in ((b"Exif", exif(marks, 6), b""), (b"mime", b"<x:xmpmeta>" + marks, b"application/rdf+xml\0"), (b"mime", marks, b"text/plain\0")):
            items.link(b"cdsc", items.add(kind, data, rest), [primary])
        extra = box(b"uuid", bytes(16), marks) + box(b"free", marks)
        after = box(b"uuid", bytes(16), marks) + box(b"skip", marks)
    head = box(b"ftyp", brand, b"\0\0\0\0", b"mif1", brand)
    meta = items.meta(primary, len(head) + len(items.meta(primary, 0, extra)) + 8, extra)
    return head + meta + box(b"mdat", *(data for data in items.data if data is not None)) + after


def encoded(image, *options, quality=60):
    """A Pillow image as heif-enc writes it."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "a.jpg"), os.path.join(folder, "a.heic")
        image.save(source, quality=95, **({"exif": image.info["exif"]} if "exif" in image.info else {}))
        subprocess.run(["heif-enc", "-q", str(quality), *options, "-o", target, source], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(target, "rb") as file:
            return file.read()


def coded(data):
    """(config, piece) of what heif-enc wrote without a thumbnail and without words."""
    at = data.index(b"hvcC")
    return data[at + 4:at - 4 + struct.unpack(">I", data[at - 4:at])[0]], data[data.index(b"mdat") + 4:]
