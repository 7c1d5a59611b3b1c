"""Files that a submission names: there and kept before ACCEPTED, seen by the assigned agency alone, without what a camera says."""
import io
import os
import re
import resource
import time

import pytest
from PIL import Image

from conftest import Stack
from content import CANARIES, bomb, camera_photo, digest, everywhere, interlaced, kept, names, opened, picture, png, reencoded, upload
from desk_cases import held
from desk_door import Browser
from spoolbench import wait
from stack import DESK

REJECT_VALUE = 4


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK, workers={"unit": ["91.01/PUPR"]}) as running:
        yield running


def test_a_citizens_photo(stack, web, liaison):
    """From his upload to what the agency opens; nobody else opens it, and nothing of his camera is left in the folder."""
    photo, note = camera_photo(), "Catatan warga tentang lubang itu.".encode()
    files = upload(stack, photo, note)
    assert files == [bytes.fromhex(digest(photo)), bytes.fromhex(digest(note))]
    for path, data in everywhere(stack):
        assert not any(canary in data for canary in (*CANARIES, note)), f"{path} can be read before anybody has named it"
    number = held(stack, web, liaison, attachments=files)
    browser, where = Browser(stack, liaison), f"/cases/{number}"
    assert re.findall(r'href="/cases/\w+/files/([0-9a-f]{64})"', browser.get(where).text) == [file.hex() for file in files]
    answer = opened(browser, f"{where}/files/{digest(photo)}")
    seen = Image.open(io.BytesIO(answer.bytes))
    assert answer.status == 200 and seen.size == (80, 120) and dict(seen.getexif()) == {}
    assert opened(browser, f"{where}/files/{digest(note)}").bytes == note
    stranger = Browser(stack, stack.person("91.71/PUPR", "liaison"))
    assert stranger.get(f"{where}/files/{digest(photo)}").status == 404
    wait(lambda: names(stack.folder, "box") == [], 20, "the originals are gone")
    for path, data in everywhere(stack):
        assert not any(canary in data for canary in CANARIES), path


def test_what_cannot_be_opened_costs_no_complaint(stack, web, liaison):
    bad = camera_photo()[:400]
    number = held(stack, web, liaison, attachments=upload(stack, bad, bomb()))
    for data in (bad, bomb()):
        answer = opened(Browser(stack, liaison), f"/cases/{number}/files/{digest(data)}")
        assert answer.status == 410 and "tidak dapat dibuka" in answer.text
        assert f"{digest(data)}.no" in kept(stack)


def shrunk(side):
    return (side + 1) // 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "RGBA", "interlaced", "WEBP"])
def test_a_picture_larger_than_anybody_looks_at(kind):
    """A telephone's 50 megapixels pass; the copy has half the sides, the same picture, and stands as its EXIF says."""
    width, height = (8160, 6120) if kind == "JPEG" else (4201, 3101)
    if kind == "interlaced":
        out = reencoded("png", interlaced(width, height, (20, 20, 220)))
        assert out.size == (shrunk(width), shrunk(height)) and set(out.getdata()) == {(20, 20, 220)}
        return
    image = picture(width, height)
    if kind == "RGBA":
        image.putalpha(100)
    data = png(image) if kind in ("PNG", "RGBA") else camera_photo(image=image, kind=kind)
    out = reencoded({"JPEG": "jpg", "WEBP": "webp"}.get(kind, "png"), data)
    across, down = (shrunk(width), shrunk(height)) if kind in ("PNG", "RGBA") else (shrunk(height), shrunk(width))
    assert out.size == (across, down) and out.mode == ("RGBA" if kind == "RGBA" else "RGB")
    corner = (2, 2) if kind in ("PNG", "RGBA") else (across - 3, 2)  # turned by a quarter
    for place, colour in ((corner, (20, 20, 220)), ((across // 2, down // 2), (200, 30, 30)), ((2, down - 1), (200, 30, 30))):
        assert all(abs(one - other) < 12 for one, other in zip(out.getpixel(place), colour)), place


def test_a_black_picture_costs_what_it_shows():
    """40 million pixels of nothing cost about as much as the 12 million that the largest whole PNG has, not three times that."""
    def cost(side, shown):
        out = io.BytesIO()
        Image.new("RGB", (side, side)).save(out, "PNG", compress_level=1)
        data = out.getvalue()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        assert len(data) < 1000000 and reencoded("png", data).size == (shown, shown)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    whole = cost(3535, 3535)
    assert cost(6300, 3150) < 1.9 * whole


def test_a_file_that_is_not_there(stack, web):
    """A REJECT that names the field; nothing of it is kept, so that the same key is taken once the file is there."""
    there, late = upload(stack, b"Surat pengantar satu.")[0], b"Surat pengantar dua."
    said = {"key": b"files-1", "created": int(time.time() * 1000), "attachments": [there, bytes.fromhex(digest(late))]}
    before = stack.sql("select count (*) from complaint")[0][0]
    verdict, answer = web.submit("Jalan berlubang di depan pasar", **said)
    assert verdict == "reject" and answer[2] == REJECT_VALUE and answer[3] == "attachments"
    upload(stack, late)
    verdict, first = web.submit("Jalan berlubang di depan pasar", **said)
    assert verdict == "accepted"
    # again, also by an intake that has forgotten it, and after the originals have become what they are kept as
    stack.restart("intake")
    stack["intake"].wait_principals()
    assert stack.adapter().submit("Jalan berlubang di depan pasar", **said)[1][3] == first[3]
    stack.wait("select 1 from complaint having count (*) = %s", before + 1)
    stack.restart("desk")
    wait(lambda: there.hex() in kept(stack) and digest(late) in kept(stack), 30, "they are kept")
    other = stack.adapter()
    verdict, answer = other.submit("Laporan lain dengan berkas yang sama", attachments=[there])
    assert verdict == "accepted" and answer[3] != first[3]
    stack.wait("select 1 from complaint having count (*) = %s", before + 2)


def test_a_folder_that_refuses(stack):
    """TEMPFAIL until it takes the file, for those alone that name one."""
    web, files = stack.adapter(), upload(stack, b"Surat yang menunggu.")
    box = os.path.join(stack.folder, "files", "box")
    os.rename(box, box + ".away")
    with open(box, "wb"):
        pass
    assert web.submit("Menunggu dengan berkas", attachments=files, key=b"files-2", created=1700000000001, once=True)[0] == "tempfail"
    assert web.submit("Tanpa berkas tidak menunggu", once=True)[0] == "accepted"
    assert "cannot be kept (Not a directory)" in stack["intake"].tail()
    os.remove(box)
    os.rename(box + ".away", box)
    assert web.submit("Menunggu dengan berkas", attachments=files, key=b"files-2", created=1700000000001)[0] == "accepted"
    assert "are kept again" in stack["intake"].tail()


def test_who_names_no_file_needs_no_folder(stack):
    web, folder = stack.adapter(), os.path.join(stack.folder, "files")
    os.rename(folder, folder + ".away")
    try:
        assert web.submit("Tanpa berkas")[0] == "accepted"
        assert web.submit("Dengan berkas", attachments=[os.urandom(32)])[0] == "reject"
    finally:
        os.rename(folder + ".away", folder)


def test_an_upload_that_nobody_names_expires(stack):
    file = upload(stack, b"Surat yang dilupakan.")[0]
    path = os.path.join(stack.folder, "files", "new", f"{file.hex()}.box")
    os.utime(path, (time.time() - 86300, time.time() - 86300))
    stack.restart("desk")  # its clerk sweeps as it starts
    wait(lambda: stack["desk"].alive(), 30, "it is up")
    assert os.path.exists(path), "a day is not over"
    os.utime(path, (time.time() - 86500, time.time() - 86500))
    stack.restart("desk")
    wait(lambda: not os.path.exists(path), 20, "it is gone")
    assert stack.adapter().submit("Terlambat menyebutnya", attachments=[file])[0] == "reject"
