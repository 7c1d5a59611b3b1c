"""The first inputs of each fuzz target: (target) -> list of bytes.  Those of the wire follow from
messages.def: every message number, plain and with all its fields, and one of each kind of fault."""
import io
import json
import os
import random
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "support")]

from PIL import Image  # noqa: E402

from heif import box, full, heic  # noqa: E402
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


def forms():
    """The first byte's bits: in chunks, plain, PUT, sinks, pauses, leaves, not known, takes its files (fuzz_form.c)."""
    def part(name, data, more=b""):
        return b'--bb\r\nContent-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" + data + b"\r\n"
    file = b'; filename="a.jpg"\r\nContent-Type: image/jpeg'
    form = part(b"text", "Jalan rusak \u2713".encode()) + part(b"photo", b"\xff\xd8" * 1500, file) + part(b"photo", b"", file) + part(b"photo", b"x" * 1200, file) + b"--bb--\r\n"
    for flags in (0, 1, 8, 9, 24, 25, 152, 153, 56, 57, 72, 200, 217):
        yield bytes([flags]) + form
    for flags in (4, 12, 13, 29, 157, 61):
        yield bytes([flags]) + b"\xff\xd8" * 2500
    for flags in (2, 3, 10, 66):
        yield bytes([flags]) + b"text=Jalan+rusak%20%e2%9c%93&category=13&a=&=b&%00=%zz&" + b"x=1&" * 30
    yield bytes([8]) + b"--bb\r\nContent-Type: multipart/mixed; boundary=cc\r\n\r\n--cc\r\n" + part(b"a", b"b", file).replace(b"--bb", b"--cc") + b"--cc--\r\n--bb--\r\n"
    yield bytes([8]) + form.replace(b'name="', b"name=\"\xff\xfe").replace(b"image/jpeg", b"application/octet-stream\r\nContent-Transfer-Encoding: base64")


def mails():
    head = (b"From: =?utf-8?Q?W=C3=A1rga?= <warga@example.org>\r\nTo: lapor+a.b.c@aduan.example\r\nSubject: =?ISO-8859-1?B?SmFsYW4=?=\r\n"
            b"Date: Fri, 27 Nov 2026 08:30:00 +0700\r\nMessage-ID: <a1@example.org>\r\nReferences: <b1@example.org>\r\n <c1@example.org>\r\nMIME-Version: 1.0\r\n")
    yield head + b"\r\nJalan rusak.\r\n\r\nPada 1 Jan 2026 X menulis:\r\n> dulu\r\n-- \r\nSari\r\n"
    yield head + b"Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nR=E9sum=E9=\r\n ya\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n"
    mixed = (b"--m\r\nContent-Type: multipart/alternative; boundary=n\r\n\r\n--n\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nPolos\r\n"
             b"--n\r\nContent-Type: text/html\r\n\r\n<p>Kaya &amp; <b>tebal</b><br><a href=x>y</a><style>z</style>\r\n--n--\r\n"
             b"--m\r\nContent-Type: image/jpeg; name*0=a; name*1*=%41\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/4AAQ\r\n"
             b"--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: dalam\r\n\r\nisi\r\n--m--\r\n")
    yield head + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n" + mixed
    yield head + b"Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n" + mixed.replace(b"text/plain", b"application/octet-stream")
    yield (b"From: <>\r\nAuto-Submitted: auto-replied\r\nReturn-Path: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n"
           b"--r\r\n\r\ngagal\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--r--\r\n")
    deep = b"\r\nisi"
    for n in range(14):
        deep = b"Content-Type: multipart/mixed; boundary=d%d\r\n\r\n--d%d\r\n" % (n, n) + deep + b"\r\n--d%d--\r\n" % n
    yield head + deep
    yield head + b"Content-Type: text/html; charset=utf-7\r\n\r\n" + b"<div>" * 400 + b"dalam"
    yield head + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nx\r\n"
    yield b"\n\n\x00\xff" * 20
    yield b"a:b\n" * 300 + b"\n--x\n" * 10


def whatsapps():
    def payload(*messages, **value):
        return json.dumps({"entry": [{"changes": [{"value": {"messages": messages, **value}}]}]}).encode()
    who = {"from": "6281234567890", "id": "wamid.A", "timestamp": "1770000000"}
    yield payload({**who, "type": "text", "text": {"body": "LAPOR jalan rusak \u2713"}}, {**who, "id": "wamid.B", "type": "image", "image": {"id": "12_ab-C", "caption": "foto"}},
                  contacts=[{"wa_id": who["from"], "profile": {"name": "Warga Uji"}}])
    yield payload({**who, "type": "location", "location": {"latitude": -6.98, "longitude": 1.1e2, "name": "Pasar", "address": "Jalan"}},
                  {**who, "type": "interactive", "interactive": {"list_reply": {"title": "Ya"}}}, {**who, "type": "button", "button": {"text": "Ya"}, "context": {"id": "x"}})
    yield payload({**who, "type": "reaction"}, {"id": 1}, None, [], {**who, "type": "document", "document": {"id": "../x"}}, contacts=[{"wa_id": who["from"], "profile": {}}, 1])
    yield payload(statuses=[{"status": "delivered", "biz_opaque_callback_data": "x.y.z"}, {"status": "failed", "biz_opaque_callback_data": "A" * 60, "errors": [{"code": 131026}]}])
    yield payload({**who, "type": "text", "text": {"body": "a\0b"}}, {**who, "type": "sticker", "sticker": {"id": "9" * 70}})
    yield b'{"entry":[{"changes":{"value":[]}},[[[[]]]],{"changes":[{"value":{"messages":{"a":1}}}]}],"entry":1}'


def pictures():
    """The first byte: JPEG, PNG, WebP, GIF or HEIC."""
    def written(kind, image, **more):
        out = io.BytesIO()
        image.save(out, kind, **more)
        return bytes([{"JPEG": 0, "PNG": 1, "WEBP": 2, "GIF": 3}[kind]]) + out.getvalue()
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = 6, "Kamera"
    small = Image.effect_noise((24, 16), 60)
    for mode in ("L", "RGB"):
        yield written("JPEG", small.convert(mode), exif=exif.tobytes(), quality=60)
        yield written("JPEG", small.convert(mode), progressive=True, quality=30, comment=b"x")
    yield written("JPEG", small.convert("CMYK"))
    yield written("JPEG", small.convert("RGB"), restart_marker_blocks=1, subsampling=2)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        image = Image.new("I;16", (9, 7), 70) if mode == "I;16" else small.convert(mode)
        yield written("PNG", image, exif=exif.tobytes())
    yield written("PNG", small.convert("P"), transparency=3)
    yield written("PNG", small.convert("RGB"), icc_profile=b"x" * 200, dpi=(72, 72))
    for mode, more in (("RGB", {}), ("RGB", {"lossless": True}), ("RGBA", {"lossless": True}), ("RGBA", {"quality": 40})):
        yield written("WEBP", small.convert(mode), exif=exif.tobytes(), **more)
    yield written("WEBP", small.convert("RGB"), save_all=True, append_images=[small.convert("RGB")])
    yield written("GIF", small.convert("P"), comment=b"x", save_all=True, append_images=[small.convert("P")])
    yield written("GIF", small.convert("P"), transparency=3, interlace=1)
    for more in ({}, {"turn": 1}, {"grid": (2, 2)}, {"grid": (2, 1), "shown": (100, 60), "turn": 2}, {"marks": b"Kamera"}, {"claimed": (9, 9)}, {"grid": (1, 1), "brand": b"mif1"}):
        yield b"\x04" + heic(**more)


def films():
    """Whole ones are in the corpus."""
    head = box(b"ftyp", b"isom\0\0\2\0isom")
    yield head + box(b"mdat", bytes(40)) + box(b"moov", full(b"mvhd", 0, bytes(96)), box(b"trak", full(b"tkhd", 0, bytes(80)), box(b"mdia", full(b"mdhd", 0, bytes(20)))))
    yield head + box(b"moof", full(b"mfhd", 0, bytes(4)), box(b"traf", full(b"tfhd", 0, bytes(4)), full(b"trun", 0, bytes(8))))


SEEDS = {"scan": wire, "decode": wire, "bundle": bundles, "principals": principals, "registry": registry, "place": places, "segment": segments, "number": numbers, "calendar": calendars, "model": models,
         "settings": settings, "rules": rules, "record": records, "form": forms, "mail": mails, "whatsapp": whatsapps, "picture": pictures, "film": films}
