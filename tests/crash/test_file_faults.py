"""Die at each point of a file's way (row K of docs/crash.md): what was accepted has its files, what was not leaves nothing behind."""
import io
import os
import tempfile
import time

import pytest
from PIL import Image

from content import camera_photo, digest, kept, names, opened, picture, png, upload
from desk_cases import held
from desk_door import Browser
from spoolbench import wait
from stack import DESK, Stack


@pytest.fixture(scope="module")
def stack():
    """One for all points: they are of one file each."""
    with tempfile.TemporaryDirectory(prefix="aduan-crash-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        with Stack(folder, programs=DESK, workers={"unit": ["91.01/PUPR"]}) as running:
            yield running


@pytest.fixture(scope="module")
def liaison(stack):
    return stack.person("91.01/PUPR", "liaison")


def dies(stack, program, name):
    stack[program].stop()
    stack[program].start(FAULT=f"{name}:kill:1")


def is_dead(stack, program, name):
    wait(lambda: not stack[program].alive(), 20, f"{program}'s death at {name}: it was never reached")
    stack[program].process.wait()


def photo_of(number):
    return camera_photo(image=picture(100 + number, 60))


@pytest.mark.parametrize("number, name", enumerate(("pin_before", "pin_made")))
def test_intake_dies_around_the_pin(stack, liaison, number, name):
    photo = photo_of(number)
    said = {"key": name.encode(), "created": 1700000000000, "attachments": upload(stack, photo), "category": 1, "place": "91.01"}
    dies(stack, "intake", name)
    stack["intake"].wait_principals()
    assert stack.adapter().submit(f"Foto dan kematian {number}", once=True, seconds=3, **said)[0] == "unknown"
    is_dead(stack, "intake", name)
    assert names(stack.folder, "box") == ([f"{digest(photo)}.box"] if name == "pin_made" else [])
    stack["intake"].start()
    stack["intake"].wait_principals()
    verdict, answer = stack.adapter().submit(f"Foto dan kematian {number}", **said)
    assert verdict == "accepted"
    # a day later, by the sweep of the desk that starts anew, it is still there
    for below in ("new", "box"):
        for path in names(stack.folder, below):
            os.utime(os.path.join(stack.folder, "files", below, path), (time.time() - 90000, time.time() - 90000))
    stack.restart("desk")
    wait(lambda: f"{digest(photo)}.copy" in kept(stack), 30, "its copy")
    wait(lambda: names(stack.folder, "box") == names(stack.folder, "new") == [], 30, "its original is gone")
    stack.wait("select 1 from complaint c join content t using (complaint_id) where t.attachments = %s having count (*) = 1", said["attachments"][0])


@pytest.mark.parametrize("number, name", enumerate(("file_before_sync", "file_uploaded", "copy_made", "original_gone"), 10))
def test_the_desk_dies_with_a_file(stack, liaison, number, name):
    """An officer's picture: he sends it again, and it is there once."""
    case = held(stack, stack.adapter(), liaison)
    browser, where, photo = Browser(stack, liaison), f"/cases/{case}", photo_of(number)
    form = browser.get(where).form(where, "progress")
    dies(stack, "desk", name)
    try:
        browser.post(form, "progress", files=[("a.jpg", "image/jpeg", photo)], text="Dengan foto.")
    except OSError:
        pass
    is_dead(stack, "desk", name)
    stack["desk"].start()
    assert browser.post(form, "progress", files=[("a.jpg", "image/jpeg", photo)], text="Dengan foto.").status == 303
    answer = opened(browser, f"{where}/files/{digest(photo)}")
    assert answer.status == 200 and Image.open(io.BytesIO(answer.bytes)).size == (60, 100 + number)
    wait(lambda: names(stack.folder, "box") == names(stack.folder, "new") == [], 30, "its original is gone")
    assert len(stack.sql("select e.text from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 16", case)) == 1
    if name == "file_before_sync":  # half written: gone an hour later
        (part,) = names(stack.folder, "part")
        path = os.path.join(stack.folder, "files", "part", part)
        os.utime(path, (time.time() - 3700, time.time() - 3700))
        stack.restart("desk")
        wait(lambda: not os.path.exists(path), 20, "what was half written is gone")


def test_the_desk_dies_while_a_file_expires(stack):
    (file,) = upload(stack, png(picture(7, 7)))
    path = os.path.join(stack.folder, "files", "new", f"{file.hex()}.box")
    os.utime(path, (time.time() - 90000, time.time() - 90000))
    stack["desk"].stop()
    stack["desk"].start(wait=False, FAULT="file_expires:kill:1")
    is_dead(stack, "desk", "file_expires")
    os.close(stack["desk"].ready_fd)
    assert os.path.exists(path)
    stack["desk"].start()
    wait(lambda: not os.path.exists(path), 20, "it has expired")
