"""Whose a file is: named by who has brought it, opened by who has the case; and whose a word is, where two reports go on as one."""
import json
import os

import pytest

from adapter import new_code
from api import account
from content import digest, opened, upload
from desk_cases import held, placed
from desk_door import Browser, Program
from stack import DESK, Stack
from test_reply_files import links, pulled
from web import Visitor

UNIT, OTHER = "91.01/PUPR", "91.71/PUPR"
RIGHT, VALUE = 8, 15  # enum reject, enum reason
IS = "complaint_id = (select complaint_id from complaint where number_text (number) = %s)"


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=(*DESK, "web"), workers={"unit": [UNIT]}) as running:
        yield running


@pytest.fixture(scope="module")
def worker(stack):
    return stack.worker("unit")


def test_a_machine_names_no_file(stack, web, worker, liaison):
    """It has no way to bring one.  By a digest that it knows, or has of a document that it has itself, it would have another agency's file
    opened with a case of its own, or learn whether anybody has sent that document."""
    theirs = b"Daftar hadir rapat, halaman tiga.\n"
    placed(stack, web, "Honor rapat tidak pernah dibayar", attachments=upload(stack, theirs))
    number = placed(stack, web, "Trotoar di depan kantor pos amblas")
    case = pulled(stack, worker, number)
    for file in (theirs, b"Yang tidak pernah dikirim siapa pun.\n"):
        for act, tags in (("progress", {}), ("answer", {}), ("close", {"t12": 1}), (19, {}), (64, {})):
            verdict, fields = worker.act(case, act, "Lihat lampiran.", t27=bytes.fromhex(digest(file)), **tags)
            assert (verdict, fields.get(4), fields.get(6)) == ("refused", VALUE, "attachments"), (act, verdict, fields)
        browser, where = Browser(stack, liaison), f"/cases/{number}"
        assert browser.get(where).status == 200 and opened(browser, f"{where}/files/{digest(file)}").status == 404
    assert worker.act(case, "park")[0] == "done"
    assert not stack.sql(f"select 1 from event where {IS} and data ? 'attachments'", number)
    stack.checks()


def test_an_adapter_names_no_file(stack):
    """Nor does a key that is no front's: what is there and what is not have one answer."""
    theirs = b"Kuitansi yang sudah dikirim orang lain.\n"
    placed(stack, stack.adapter(), "Kuitansi palsu di kantor desa itu", attachments=upload(stack, theirs))
    own = stack.adapter(front=None)
    for file in (bytes.fromhex(digest(theirs)), os.urandom(32)):
        verdict, fields = own.submit("Menebak sebuah berkas.", category=1, place="91.01.01", code=new_code(), attachments=[file])
        assert (verdict, fields[2], fields[3]) == ("reject", RIGHT, "attachments")
    assert not stack.sql("select 1 from content where body = 'Menebak sebuah berkas.'")
