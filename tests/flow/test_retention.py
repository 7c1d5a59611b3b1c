"""What was kept long enough after its end: words, identity, contact and files go; number, state, times and agencies stay, and the audit
still follows."""
import contextlib
import os
import pathlib
import subprocess
import time

import pytest

from adapter import new_code
from conftest import Stack
from content import camera_photo, digest, in_first_folder, kept, upload
from desk_cases import held
from desk_door import Browser
from spoolbench import wait
from stack import BUILD, DESK

WORDS = ("Trotoar runtuh di Gang Mawar", "Kami sudah ke Gang Mawar", "Catatan Pak Rahmat dari Gang Mawar", "Saya cabut, Gang Mawar sudah baik")


def audit(stack, *arguments, status=0):
    done = subprocess.run([os.path.join(BUILD, "store", "audit", "aduan-audit"), "-c", stack.settings, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == status, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=DESK, workers={"unit": ["91.01/PUPR"]}) as running:
        yield running


def again(stack, program, section, **settings):
    """Starts it anew with these settings."""
    stack[program].stop()
    path = pathlib.Path(stack.settings)
    text = path.read_text(encoding="utf-8").replace(f"\n{section}:\n", f"\n{section}:\n" + "".join(f"  {name}: {value}\n" for name, value in settings.items()))
    path.write_text(text, encoding="utf-8")
    stack[program].start()


def anywhere(stack):
    """Tables in which a word of the case still stands, in clear or as bytes."""
    tables = [row[0] for row in stack.sql("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")]
    return [table for table in tables if stack.sql(f"select 1 from {table} t where t::text like '%%Gang Mawar%%' or t::text like %s or t::text like '%%gang%%mawar%%' limit 1",
                                                   f"%{'Gang Mawar'.encode().hex()}%")]


def test_an_ended_case_loses_its_words(stack, web, liaison):
    photo, note, other = camera_photo(), in_first_folder(WORDS[2]), in_first_folder("Catatan lain")
    code = new_code()
    number = held(stack, web, liaison, WORDS[0], title="Gang Mawar", code=code, identity={"name": "Rahmat"}, email="rahmat@example.org",
                  attachments=upload(stack, photo, other))
    browser, where = Browser(stack, liaison), f"/cases/{number}"
    done = browser.post(browser.get(where).form(where, "progress"), "progress", files=[("a.txt", "text/plain", note)], text=WORDS[1])
    assert done.status == 303, done.text
    goes_on = held(stack, web, liaison, "Lampu jalan padam di Jalan Melati", attachments=upload(stack, other))
    proof = in_first_folder("Foto Gang Mawar")
    assert web.submit(WORDS[3], kind=5, parent=number, code=code, attachments=upload(stack, proof))[0] == "accepted"
    (case,) = stack.wait("select complaint_id, state, holder, received, events from complaint where number_text (number) = %s and state = 8", number)
    stack.wait("select 1 from named_file where complaint_id = %s having count (*) = 4", case[0])
    stack.wait("select 1 from search_entry where complaint_id = %s", case[0])
    stack.wait("select 1 from (select coalesce (sum (count), 0) as sum from audit_link) l where sum = (select count (*) from audit_digest where tx > 0)")
    events = stack.sql("select kind, number, at, agency from event where complaint_id = %s order by at", case[0])
    stack.restart("desk")
    wait(lambda: {digest(note), digest(proof), digest(other)} <= set(kept(stack)), 30, "they are kept")

    # five years are not over: nothing happens; what would happen is said
    assert stack.reader().ask("read_retention", "1826") == []
    (due,) = stack.reader().ask("read_retention", "0")
    assert (due["cases"], due["files"], due["erased"]) == (1, 4, 0)
    aduan = [os.path.join(BUILD, "deploy", "aduan", "aduan"), "-c", stack.settings, "--lang", "en", "report", "retention"]
    assert subprocess.run([*aduan, "--dry-run"], check=False).returncode == 1, "nothing is due"
    soon = os.path.join(stack.folder, "soon.yaml")
    pathlib.Path(soon).write_text(pathlib.Path(stack.settings).read_text(encoding="utf-8").replace("\nstore:\n", "\nstore:\n  retention: 1s\n"), encoding="utf-8")
    said = subprocess.run([*[soon if word == stack.settings else word for word in aduan], "--dry-run"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said.splitlines()[-1].split() == [str(case[3].year), "1", "4"] and "to be erased" in said
    assert subprocess.run(aduan, stderr=subprocess.DEVNULL, check=False).returncode == 64
    stack.sql("update retention_sweep set again = '-infinity'")  # the last round was a moment ago
    again(stack, "store", "store", retention="1s")
    stack.wait("select 1 from erased where complaint_id = %s", case[0], seconds=60)
    wait(lambda: "search_entry" not in anywhere(stack), 20, "its words are found by nobody")
    assert anywhere(stack) == []
    (content,) = stack.sql("select body, seal, contact, code_hash, attachments, decision from content where complaint_id = %s", case[0])
    assert content == ("", None, None, None, None, None)
    # the tombstone
    assert stack.sql("select complaint_id, state, holder, received, events from complaint where number_text (number) = %s", number) == [case]
    assert stack.sql("select kind, number, at, agency from event where complaint_id = %s order by at", case[0]) == events
    assert stack.sql("select count (*) from content t join complaint c using (complaint_id) where number_text (c.number) = %s and t.body like 'Lampu%%'", goes_on)[0][0] == 1
    assert stack.metric("store", "store_erased_total") == 1
    page = browser.get(where)
    assert page.status == 200 and "Gang Mawar" not in page.text
    stack.checks()

    # files: what another case names stays
    folder, old = os.path.join(stack.folder, "files", "00"), time.time() - 40 * 86400
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # its copy has come
            os.utime(os.path.join(folder, name), (old, old))
    stack.restart("desk")
    wait(lambda: not {digest(note), digest(proof)} & set(kept(stack)), 30, "the files that only the erased case named are gone")
    assert digest(other) in kept(stack)


def test_the_audit_follows(stack):
    """Also behind an erasure; and nobody uses it to change more."""
    stack.wait("select 1 from (select coalesce (sum (count), 0) as sum from audit_link) l where sum = (select count (*) from audit_digest where tx > 0)")
    stack["store"].stop()
    try:
        assert "the chain holds" in audit(stack, "verify")
        erased = stack.sql("select complaint_id, act_key from erased_event limit 1")[0]
        with pytest.raises(Exception, match="append-only"):
            stack.sql("update event set text = 'lain' where complaint_id = %s", erased[0])
        with pytest.raises(Exception, match="append-only"):
            stack.sql("update event set at = now ()")
        stack.rewrite("update event set agency = 1 where complaint_id = %s and act_key = %s", *erased)
        assert "changed behind that" in audit(stack, "verify", status=65)
    finally:
        stack["store"].start()


def test_a_death_behind_it(stack, web, liaison):
    """It is erased once, and the next round finds nothing."""
    code = new_code()
    number = held(stack, web, liaison, "Pipa bocor di Gang Kenanga", code=code)
    assert web.submit("Sudah baik", kind=5, parent=number, code=code)[0] == "accepted"
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 8", number)
    stack["store"].stop()
    stack.sql("update retention_sweep set again = '-infinity'")
    stack["store"].start(FAULT="erased_committed:kill:1")
    wait(lambda: not stack["store"].alive(), 60, "its death")
    stack["store"].process.wait()
    stack["store"].start()
    assert stack.sql("select count (*) from erased x join complaint c using (complaint_id) where number_text (c.number) = %s", number) == [(1,)]
    stack.checks()
