"""The first inputs of each fuzz target: (target) -> list of bytes.  Those of the wire follow from
messages.def: every message number, plain and with all its fields, and one of each kind of fault."""
import os
import random
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "support")]

from hostile import DOORS, Maker, bundle, frame  # noqa: E402

KEY = b"0123456789012345678901234567890123456789"


def wire():
    maker = Maker(random.Random(16))
    for message in maker.messages:
        yield frame(message.number, maker.fields(message))
        yield frame(message.number, maker.fields(message, optional=True))
        for shot in maker.field_faults(DOORS[0], message):
            if len(shot.frames[0]) < 300:
                yield shot.frames[0]
    for _, data in maker.bombs():
        if len(data) < 300:
            yield data


def bundles():
    maker = Maker(random.Random(16))
    yield bundle(maker.submit(), maker.submit())
    yield bundle(maker.place(), maker.offer(), [frame(4, {})])
    yield bundle([b""], [b"x", b"y"], [b"\xc1"] * 4)
    for shot in maker.frames(DOORS[0]):
        if shot.label.startswith("bundle"):
            yield shot.frames[0]


def principals():
    yield b"principal\t1\t" + KEY + b"\tadapter\tweb\temergency,bulk\t-\n"
    yield b"principal\t2\t" + KEY + b"\tworker\tdinas\t-\t7,3\nnewer\tx\n"
    yield b"principal\t4294967295\t" + KEY + b"\tfront\tdesk\t-\t-"


def registry():
    yield (b"function\t1\tPUPR\tPekerjaan umum\nfunction\t2\tPENGAWASAN\tPengawasan\nregion\t91\t1\tTimur\nregion\t91.01\t2\tArjuna\n"
           b"agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja\nagency\t2\tID/PENGAWASAN\t-\tunit\t2\t-\tinspectorate\tPengawas\n"
           b"agency\t3\t91.01/PUPR\t1\tunit\t1\t91.01\t-\tDinas\ncategory\t1\t-\t1\t-\tcomplaint_plain\tJalan\ncategory\t2\t1\t-\t3\t-\tLain\n"
           b"oversight\tpungli\noversight\tsuap di kantor\noversight_part\tminta|=tarik uang\tact\noversight\tpetugas\tactor\n")
    yield b"agency\t1\tID\t-\troot\t-\t-\tdesk\tMeja\n"


def places():
    yield b"33 Jawa Tengah\n33.22 Kabupaten Semarang\n33.22.05 Pabelan\n33.22.05.2001 Sumber Rejo\n=33.22\ndesa sumberrejo"
    yield b"33 Jawa\n33.1 X/Y(Z\n.\xff\n= \nkota x"
    for text in ("lampu mati di semarang", "desa sidomulyo kec. ungaran timur", "kel. tembalang kota semarang, jl. gorontalo raya",
                 "=33.22\nsidomulyo kec. pabelan", "disemarang dan orang gorontalo di Kota Batu, pasar tembalang", "kab/kota semarang, sumber rejo"):
        yield text.encode()


def segments():
    maker = Maker(random.Random(16))
    record = bytes(16 + 32 + 12)
    yield bytes([3]) + b"".join(bytes([len(data)]) + data for data in (record, b"", maker.submit()[1]))
    yield bytes([16]) + b"\x05aaaaa" * 16 + b"\x00\x60\x01"
    yield bytes([2]) + b"\x08" + bytes(8) + b"\x01x" + bytes(30)


def numbers():
    yield from (b"A0000000000000", b"a-0123-4567-89ab-c", b"AILO000000000 0", b"0123456789abcdef" * 4, b"ABCDEFGHJKMNPQRSTVWXYZ0123",
                b"01234567-89ab-cdef-0123-456789abcdef", "Jalan\0rusak\r\n\x7f äé漢😀".encode(), b"\xed\xa0\x80\xc0\x80\xf5\xff")


def calendars():
    yield (b"\xef\xbb\xbf# ours\r\nday\tkind\tscope\tname\r\ncut_off\t15:00\r\ncollective_leave\tworked\r\nyear\t2026\tverified\r\nyear\t2027\tunverified\r\n"
           b"2026-03-18\tcollective_leave\tID\tCuti\r\n2026-03-17\textra\t33.74\tHari jadi\r\n2026-03-16\tpemilu\tPemilu\r\n")
    yield b"2024-02-29\tholiday\tx\n2024-02-29\textra\ty\n0001-01-01\textra\tID\ta\n9999-12-31\textra\tID\tz"
    yield b"2026-02-29\tholiday\tx\n"
    yield b"collective_leave\toff\ncut_off\tnone\nday\n\n\r\nyear\t9999\tverified\n"


def settings():
    yield b"run: /run/aduan\ndata: /var/lib/aduan\nlog: info\nintake:\n  door: tcp://127.0.0.1:1\n  spool:\n    folder: spool\n    bytes: 64MiB\n    keep: 8d\n  recent: 5000\n  loud: true\nstore:\n  batch: 5\n"
    yield b"intake: {recent: 1e9, loud: maybe, spool: [1, 2]}\nnobody: {}\n"
    yield b"a: &a [*a]\nb: !!binary x\n? {x: y}\n: z\n"


def rules():
    yield (b"version: 1\nrules:\n  - name: pju-malam\n    when:\n      class: [complaint, complaint_plain]\n      category: [1, Lain]\n"
           b"      channel: [sms, app]\n      place: [33, 33.74]\n      any: [lampu jalan, \"=pju\"]\n      all: mati\n      none: 'merah'\n"
           b"      from: 1970-01-01\n      to: 2026-03-31\n      hours: 18-06\n    then:\n      function: PUPR\n      priority: high\n"
           b"      secret: true\n      copies: [33.74/PUPR, HUB]\n      support: [ID]\n      ask: [location, photo]\n    note: |\n      why\n"
           b"  - {name: b, when: {any: jalan}, then: {agency: ID}}\n  - {name: c, when: {any: jalan}, then: {agency: 33.74/PUPR, secret: true}}\n")
    yield b"version: 1\nrules: []\ncases:\n  - {text: x}\n"
    yield b"version: 1\nrules:\n- {name: &a b, when: {any: [*a, !!str x]}, then: [[[[[[[[]]]]]]]]}\n---\n%TAG"
    yield b"? {x: y}\n: [1, 2\n"


def records():
    line = b'{"judul": "Jalan", "isi": "rusak \\u0000 \\ud83d\\ude00", "tanggal": "2025-01-02", "lat": -7.25, "outer": {"inner": 1}}\n'
    yield b"\x01" + line * 3 + b"{broken\n" + line
    yield b"\x02judul,isi,tanggal\nJalan,\"rusak, \"\"sekali\"\"\nsudah\",2025-01-02T03:04:05Z\nx,y\n\"open,1\na,b,c\nd,e,f\n"
    yield b"\x00\xef\xbb\xbfjudul;isi\nA;B\n"
    yield b"\x05judul;text\n1;2\n3;4\n5;6\n"


def model(labels, entries, knots=((0, 100), (65535, 60000)), newest=1):
    """As router/decide/model_file.c says; an entry: key, rarity, shift, {label: weight}."""
    text = b"".join(name.encode() + b"\0" for name in ("uji", "LGT-7", *labels))
    postings = [posting for _, _, _, weights in entries for posting in sorted(weights.items())]
    return (b"aduanml1" + struct.pack("<6Iq", len(labels), len(entries), len(postings), len(knots), len(text), 700, newest)
            + b"".join(struct.pack("<HH", *knot) for knot in knots) + b"".join(struct.pack("<i", -5000 * n) for n in range(len(labels))) + text
            + b"".join(struct.pack("<IHHB", key, len(weights), rarity, shift) for key, rarity, shift, weights in entries)
            + b"".join(struct.pack("<H", label) for label, _ in postings) + b"".join(struct.pack("<b", weight) for _, weight in postings))


def models():
    yield model(["A"], [])
    yield model(["JALAN", "LAMPU"], [(5, 256, 0, {0: 100, 1: -100}), (7, 4096, 15, {1: 127}), (2 ** 32 - 1, 700, 8, {})],
                knots=((0, 0), (3, 9), (65534, 65535)))
    yield model([f"L{n}" for n in range(40)], [(n * 99991, 256 + n, n % 16, {label: n - 60 for label in range(n % 40)}) for n in range(120)])


SEEDS = {"scan": wire, "decode": wire, "bundle": bundles, "principals": principals, "registry": registry, "place": places, "segment": segments, "number": numbers, "calendar": calendars, "model": models,
         "settings": settings, "rules": rules, "record": records}
