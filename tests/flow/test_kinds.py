"""What telephones send: HEIC, GIF and films become what everybody opens, and nothing of camera, place or time is left of them."""
import io
import os
import re
import struct
import subprocess
import tempfile

import pytest
from PIL import Image

from content import digest, everywhere, kept, names, opened, picture, reencoded, upload
from desk_cases import held
from desk_door import Browser
from film import boxes, film, marked, plays, probe, run, within
from heif import box, coded, encoded, full, heic
from spoolbench import wait
from stack import DESK, REENCODER, ROOT, Stack
from web import Visitor

REMUXER = os.path.join(os.path.dirname(REENCODER), "aduan-remux")
MARK = "KameraRahasia9000"
DAMAGED, PIXELS, KIND = 1, 2, 3


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=(*DESK, "web"), workers={"unit": ["91.01/PUPR"]}) as running:
        yield running


# A process starts at the peak of the one that it came from, and this one's, which has run other tests, may be any: a small one stands between.
BETWEEN = """import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], check=False).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"""


def measured(program, *arguments, data):
    """(exit status, what it made, the most memory that it had, in KiB); died of what it may not: a negative status."""
    done = subprocess.run(["/usr/bin/python3", "-c", BETWEEN, program, *arguments], input=data, capture_output=True, check=True)
    status, peak = map(int, done.stderr.split(b"\n")[-2].split())
    return status, done.stdout, peak


def child(program, *arguments, data):
    """(exit status, what it made)"""
    return measured(program, *arguments, data=data)[:2]


def remuxed(data, seconds=120):
    status, made = child(REMUXER, "mp4", str(seconds), data=data)
    assert status == 0
    return made


def phone_photo():
    """As heif-enc writes it, with EXIF and a thumbnail."""
    image, exif = picture(320, 240), Image.Exif()
    exif[0x010F] = exif[0x0110] = exif[0x013B] = MARK
    exif.get_ifd(0x8825)[29] = "2026:11:27"
    image.info["exif"] = exif.tobytes()
    data = encoded(image, "-t", "64")
    assert MARK.encode() in data
    return data


# ---- through the doors -------------------------------------------------------------------------------------------------

def test_what_a_telephone_sends(stack, web, liaison):
    """Pictures, films of two coders and a GIF: what the agency opens has not one mark, and no more has the folder."""
    gif = io.BytesIO()
    picture().save(gif, "GIF", comment=MARK.encode(), save_all=True, append_images=[picture()], xmp=MARK.encode())
    sent = {"foto": phone_photo(), "semua": heic(turn=1, marks=MARK.encode()), "gif": gif.getvalue(),
            "h264": marked(film(MARK, turn=90), MARK), "hevc": marked(film(MARK, codec="libx265", kind="mov", options=("-tag:v", "hvc1")), MARK)}
    assert [name for name, least in {"foto": 1, "semua": 9, "gif": 1, "h264": 45, "hevc": 45}.items() if sent[name].count(MARK.encode()) < least] == []
    files = upload(stack, *sent.values())
    number, browser = held(stack, web, liaison, attachments=files), Browser(stack, liaison)
    got = {}
    for name, data in sent.items():
        got[name] = opened(browser, f"/cases/{number}/files/{digest(data)}")
        assert got[name].status == 200 and MARK.encode() not in got[name].bytes, name
        assert got[name].headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in got[name].headers["Content-Security-Policy"]
        kind = "video/mp4" if name in ("h264", "hevc") else "image/jpeg"
        assert got[name].headers["Content-Type"] == kind
        assert got[name].headers["Content-Disposition"].startswith("attachment;") and got[name].headers["Content-Disposition"].endswith('.mp4"' if "/mp4" in kind else '.jpg"')
    for name, size in (("foto", (320, 240)), ("semua", (64, 64)), ("gif", (120, 80))):
        seen = Image.open(io.BytesIO(got[name].bytes))
        assert seen.size == size and seen.format == "JPEG" and dict(seen.getexif()) == {} and "comment" not in seen.info
    for name in ("h264", "hevc"):
        data, told = got[name].bytes, probe(got[name].bytes)
        assert plays(data) and [stream["codec_type"] for stream in told["streams"]] == ["video", "audio"] and told["chapters"] == []
        assert not re.search(rb"x26[45]|Lav[cf]|FFMP|110\.4093|06\.9825", data), name
        assert (told["streams"][0].get("side_data_list") or [{}])[0].get("rotation") == {"h264": 90}.get(name)
        assert [stream["nb_read_packets"] for stream in told["streams"]] == [stream["nb_read_packets"] for stream in probe(sent[name])["streams"][:2]]
    wait(lambda: names(stack.folder, "box") == [], 20, "the originals are gone")
    for path, data in everywhere(stack):
        assert MARK.encode() not in data, path


def test_what_does_no_harm(stack, web, liaison):
    """What nothing can be made of costs its complaint nothing."""
    bad = [heic(claimed=(60000, 60000)), heic()[:300], film()[:-300], film(codec="mpeg4")]
    number, browser = held(stack, web, liaison, attachments=upload(stack, *bad)), Browser(stack, liaison)
    for data in bad:
        assert opened(browser, f"/cases/{number}/files/{digest(data)}").status == 410 and f"{digest(data)}.no" in kept(stack)


def test_a_film_at_the_public_door(stack):
    """Its own bound, which its form and the answers name; of a kind that is not taken the kinds that are."""
    visitor = Visitor(stack)
    page = visitor.get("/report").text
    assert 'data-video="26214400"' in page and "paling besar 10 MB, video 25 MB" in page and "120 detik" in page
    number, code = visitor.report("Ada film yang lebih panjang.")
    stack.wait("select 1 from complaint where number_text (number) = %s", number)
    assert "120 detik" in Visitor(stack).opens(number, code)
    small, large = film(), film() + box(b"free", bytes(12 << 20))
    visitor.report("Truk membuang limbah ke sungai.", [("photo", "a.mp4", small), ("photo", "b.mp4", large)])
    assert f"{digest(large)}.box" in names(stack.folder, "box") + names(stack.folder, "new")
    answer = visitor.post("/report", visitor.form("Terlalu panjang."), [("photo", "a.mp4", film() + box(b"free", bytes(25 << 20)))])
    assert answer.status == 422 and answer.faults() == ["photos"] and "paling besar 10 MB, video 25 MB" in answer.text
    answer = visitor.post("/report", visitor.form("Foto terlalu besar."), [("photo", "a.heic", heic() + box(b"free", bytes(10 << 20)))])
    assert answer.status == 422 and answer.faults() == ["photos"]
    answer = visitor.post("/report", visitor.form("Banyak film."), [("photo", f"{n}.mp4", film() + box(b"free", bytes(18 << 20))) for n in range(3)])
    assert answer.status == 422 and answer.faults() == ["photos"] and "Bersama-sama berkas paling besar 50 MB" in answer.text
    answer = visitor.post("/report", visitor.form("Suara."), [("photo", "a.ogg", b"OggS\0\2" + bytes(200))])
    assert answer.status == 422 and "Yang bisa: JPEG, PNG, WebP, HEIC, GIF, MP4, MOV, 3GP, PDF, TXT, Word, Excel, ODF." in answer.text


# ---- one table of kinds ---------------------------------------------------------------------------------------------------

def kinds():
    """Rows of content_kinds: type, ending, name, sort."""
    with open(os.path.join(ROOT, "common", "content", "kind.c"), encoding="utf-8") as file:
        rows = re.findall(r'\{"([^"]+)", "([^"]+)", "([^"]+)",\s+CONTENT_(\w+)\}', file.read())
    assert len(rows) >= 16
    return rows


def test_one_table_says_it(stack, liaison):
    accept = ",".join(["image/*", *(f".{ending}" for _, ending, _, _ in kinds())])
    said = ", ".join(dict.fromkeys(name for _, _, name, _ in kinds()))
    for page in (Visitor(stack).get("/report").text, Browser(stack, liaison).get("/new").text):
        assert re.findall(r'accept="([^"]*)"', page) == [accept]
    page = Browser(stack, liaison).get("/new").text
    assert said in page and "120 detik" in page
    for path in ("docs/channels.md", "docs/desk.md", "docs/openapi-public.yaml"):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            assert said in re.sub(r"\s+", " ", file.read()), f"{path} does not say {said}"


# ---- pictures -------------------------------------------------------------------------------------------------------------

def test_a_picture_stands_as_its_boxes_say():
    """irot turns it against the clock; EXIF, which says otherwise in each of these, does not count."""
    corners = {None: (2, 2), 1: (2, 61), 2: (61, 61), 3: (61, 2)}
    for turn, corner in corners.items():
        seen = reencoded("heic", heic(turn=turn, marks=MARK.encode()))
        assert [place for place in corners.values() if seen.getpixel(place)[2] > seen.getpixel(place)[0] + 80] == [corner], turn


def test_a_telephones_largest_picture():
    """48 megapixels of pieces, as telephones put them together: within the memory that the cage gives, at half its sides."""
    config, piece = coded(encoded(picture(512, 512)))
    data = heic(config, piece, (512, 512), grid=(16, 12), shown=(8064, 6048), turn=3)
    status, made, peak = measured(REENCODER, "heic", data=data)
    assert status == 0 and Image.open(io.BytesIO(made)).size == (3024, 4032) and peak < 400 << 10


@pytest.mark.parametrize("data, ends", [
    (heic(claimed=(60000, 60000)), PIXELS), (heic(grid=(2, 2), shown=(60000, 60000)), PIXELS), (heic(grid=(2, 2), shown=(9000, 9000)), PIXELS),
    (heic(grid=(2, 2), shown=(16000, 16000), claimed=(100, 100)), None), (heic(piece=b"\0\0\0\xff" + bytes(40)), DAMAGED), (heic(config=b"\1" + bytes(60)), DAMAGED),
    (heic()[:200], DAMAGED), (heic().replace(b"hvc1", b"av01").replace(b"hvcC", b"av1C"), None), (heic().replace(b"hvc1", b"jpeg"), None), (b"\0\0\0\x0cftypheic", DAMAGED), (heic(grid=(2, 2), circle=True), DAMAGED)],
    ids=["claims", "grid", "81 megapixels", "grid that claims less", "slice", "config", "cut", "AV1", "JPEG", "nothing", "circle"])
def test_a_picture_that_is_none(data, ends):
    status, made = child(REENCODER, "heic", data=data)
    assert made == b"" and status != 0 and (ends == status or (ends is None and status in (DAMAGED, PIXELS, KIND, -31)))


# ---- films ------------------------------------------------------------------------------------------------------------------

def remote_film(url=b"file:///etc/passwd", kind=b"url "):
    """Its pictures are elsewhere, as it says."""
    data = film()
    at = data.index(b"dref") - 4
    new = full(b"dref", 0, struct.pack(">I", 1), full(kind, 0, url + b"\0"))
    moov = next(at for name, at, _ in boxes(data) if name == b"moov")
    grown = len(new) - struct.unpack(">I", data[at:at + 4])[0]
    data = bytearray(data[:at] + new + data[at + struct.unpack(">I", data[at:at + 4])[0]:])
    # the boxes around it
    place, inside = moov, data
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        place = inside.index(name, place) - 4
        data[place:place + 4] = struct.pack(">I", struct.unpack(">I", data[place:place + 4])[0] + grown)
    return bytes(data)


def nested(depth):
    return box(b"ftyp", b"isom\0\0\2\0isom") + b"".join(struct.pack(">I4s", 8 * left, b"moov") for left in range(depth, 0, -1))


@pytest.mark.parametrize("make", [
    lambda: remote_film(), lambda: remote_film(b"http://127.0.0.1:9/"), lambda: remote_film(b"/etc/passwd", b"alis"),
    lambda: box(b"ftyp", b"isom\0\0\2\0isom") + struct.pack(">I4sQ", 1, b"mdat", 1 << 62), lambda: box(b"ftyp", b"isom\0\0\2\0isom") + struct.pack(">I4sQ", 1, b"moov", 1 << 62),
    lambda: nested(100000), lambda: film()[:-200], lambda: film(sound=None).replace(b"avc1", b"mp4v"), lambda: b"#EXTM3U\nfile:///etc/passwd\n", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    lambda: film()[:40], lambda: film(options=("-vn",)), lambda: film(codec="mpeg4"), lambda: within(film(sound=None), (b"moov", b"trak", b"mdia", b"minf", b"stbl"), full(b"stsz", 0, b"\0\0\0\1\xff\xff\xff\xff"))],
    ids=["dref file", "dref http", "alias", "2^62 of pictures", "2^62 of boxes", "nested", "cut moov", "other codec", "playlist", "concat", "head", "sound alone", "MPEG-4", "samples"])
def test_a_film_that_is_none(make):
    """Refused, or a film without what it has no right to; never what lies elsewhere, never more than its bounds."""
    status, made, peak = measured(REMUXER, "mp4", "120", data=make())
    assert b"root:" not in made and (plays(made) if status == 0 else status in (DAMAGED, KIND))
    assert peak < 512 << 10


def test_a_film_ends_where_its_bound_is():
    whole = film(seconds=6)
    assert 1.9 < float(probe(remuxed(whole, 2))["format"]["duration"]) < 3 and 5.9 < float(probe(remuxed(whole))["format"]["duration"]) < 6.2


@pytest.mark.parametrize("kind, sound, type_", [("mov", "pcm_s16le", "mov"), ("3gp", "aac", "mp4"), ("mp4", None, "mp4")])
def test_a_film_keeps_its_sound(kind, sound, type_):
    told = probe(remuxed(marked(film(kind=kind, sound=sound), MARK)))
    assert [stream["codec_name"] for stream in told["streams"]] == ["h264", *([sound] if sound else [])] and type_ in told["format"]["format_name"]


def sound_of(data):
    """What is heard, decoded."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return run("ffmpeg", "-i", file.name, "-vn", "-f", "s16le", "-")


def test_who_coded_the_sound():
    """ffmpeg says who it is in a frame of AAC; its copy says nothing, is as long, and sounds the same."""
    spoken = film(coder_says=True)
    assert b"Lavc" in spoken
    copy = remuxed(spoken)
    assert plays(copy) and b"Lavc" not in copy and sound_of(copy) == sound_of(spoken)
    # what begins otherwise stays as it is
    plain = film()
    assert sound_of(remuxed(plain)) == sound_of(plain)


@pytest.mark.parametrize("more", [(), ("-movflags", "frag_keyframe+empty_moov+default_base_moof+delay_moov")], ids=["whole", "in fragments"])
def test_a_film_that_begins_late(more):
    """A camera that writes all day counts on: its film's seconds are those from where it begins."""
    late = film(seconds=6, options=("-output_ts_offset", "4000", *more))
    assert float(probe(late)["format"]["start_time"]) > 3000
    for seconds, least in ((120, 5.9), (2, 1.9)):
        told = probe(remuxed(late, seconds))
        packets = int(told["streams"][0]["nb_read_packets"])
        assert least * 10 <= packets <= least * 10 + 11, (seconds, packets)
