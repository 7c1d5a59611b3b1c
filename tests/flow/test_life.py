"""One complaint from an adapter to its answer, on real servers; and what may go wrong on its way."""
import os
import signal
import time

import pytest


def stored(stack, accepted):
    return stack.wait("select * from complaint where complaint_id = %s", bytes(accepted[2]).hex())[0]


def column(stack, accepted, name):
    return stack.wait(f"select {name} from complaint where complaint_id = %s", bytes(accepted[2]).hex())[0][0]


def take(stack, worker, code, seconds=10):
    """The one assignment that waits for an agency."""
    found = worker.pull([stack.agency(code)], 1, int(seconds * 1000))
    assert found, f"nothing for {code}"
    return found[0]


def test_submit_pull_answer(stack, web, worker):
    verdict, accepted = web.submit("Jalan di depan pasar berlubang", title="Jalan rusak", category=1, place="91.01.01.2001",
                                   email="siti@example.org", anonymous=2, secret=1)
    assert verdict == "accepted"
    assert len(accepted[3]) == 14 and accepted[3][0] == "A"
    case = take(stack, worker, "91.01/PUPR")
    assert case["number"] == accepted[3]
    assert case["text"] == "Jalan di depan pasar berlubang".encode()
    assert worker.act(case, "answer", "Sudah kami perbaiki hari ini.")[0] == "done"
    assert column(stack, accepted, "state") == 5
    templates = stack.sql("select template from notice where complaint_id = %s order by event", bytes(accepted[2]).hex())
    assert [row[0] for row in templates] == [1, 4]
    stack.checks()


def test_same_key_same_number(stack, web):
    first = web.submit("Air mati sejak pagi", key=b"form-1", created=1700000000000)
    again = web.submit("Air mati sejak pagi", key=b"form-1", created=1700000000000)
    assert first[0] == again[0] == "accepted"
    assert first[1][2] == again[1][2] and first[1][3] == again[1][3]
    other = web.submit("Bukan air, tetapi listrik", key=b"form-1", created=1700000000000)
    assert other[0] == "reject" and other[1][2] == 6
    stored(stack, first[1])
    assert stack.sql("select count(*) from complaint where complaint_id = %s", bytes(first[1][2]).hex())[0][0] == 1


def test_same_key_of_two_adapters_is_two_complaints(stack, web):
    sms = stack.adapter("sms")
    one = web.submit("Lampu jalan padam", key=b"k", created=1700000000001)
    two = sms.submit("Lampu jalan padam", key=b"k", created=1700000000001)
    assert one[1][2] != two[1][2]


@pytest.mark.parametrize("raw, clean", [
    (b"Sampah\x00menumpuk", "Sampah\ufffdmenumpuk"),
    (b"Sampah \xff\xfe menumpuk", "Sampah \ufffd\ufffd menumpuk"),
    (b"Sampah\r\nmenumpuk\x07", "Sampah\nmenumpuk"),
    (b"Sampah \xed\xa0\x80 menumpuk", "Sampah \ufffd\ufffd\ufffd menumpuk"),
])
def test_broken_phone_is_never_refused(stack, web, raw, clean):
    verdict, accepted = web.submit(raw)
    assert verdict == "accepted"
    rows = stack.wait("select body, raw_body from content where complaint_id = %s", bytes(accepted[2]).hex())
    assert rows[0][0] == clean and bytes(rows[0][1]) == raw


@pytest.mark.parametrize("fields, code, field", [
    (dict(text=""), 7, "text"),
    (dict(text=" \n\t"), 7, "text"),
    (dict(text="x" * 10001), 3, "text"),
    (dict(text="x", title="t" * 201), 3, "title"),
    (dict(text="x", created=int(time.time() * 1000) + 7200000), 5, "created"),
    (dict(text="x", kind=99), 4, "kind"),
    (dict(text="x", channel=99), 4, "channel"),
    (dict(text="x", place="33.7"), 4, "place"),
    (dict(text="x", kind=2), 2, "parent"),
    (dict(text="x", kind=2, parent="A0000000000001"), 9, "parent"),
    (dict(text="x", kind=4, parent="A0000000000000", rating=6), 4, "rating"),
    (dict(text="x", key=b"k" * 129), 3, "key"),
])
def test_rejected_by_code_and_field(web, fields, code, field):
    verdict, answer = web.submit(seconds=5, **fields)
    assert (verdict, answer[2], answer.get(3)) == ("reject", code, field)


def test_emergency_is_a_right_of_the_adapter(stack, web):
    assert stack.adapter("sms").submit("Pohon tumbang menimpa rumah", priority=1)[1][2] == 8
    assert web.submit("Pohon tumbang menimpa rumah", priority=1)[0] == "accepted"


@pytest.mark.parametrize("fields, owner, rung", [
    (dict(text="Puskesmas tutup", category=2, place="92.01.01"), "92.01/KES", 3),
    (dict(text="Tambang liar", category=4, place="91.01"), "91/TAMBANG", 3),
    (dict(text="Urusan kementerian", category=5), "KEMCONTOH", 3),
    (dict(text="Tidak tahu ke mana", place="91.71"), "91.71", 5),
    (dict(text="Tidak tahu apa pun"), "ID", 6),
    (dict(text="Sampah", target="91.71/LH", place="91.71"), "91.71/LH", 1),
    (dict(text="Sampah", target="91.71/LH", place="92.01", category=3), "92.01/LH", 3),
    (dict(text="Ada pungli di kantor", place="91.01", target="91.01/PUPR"), "91.01/PENGAWASAN", 0),
    (dict(text="Ada pungli di kantor", place="91.71"), "ID/PENGAWASAN", 0),
    (dict(text="Pejabat menyalahgunakan wewenang", class_=3, place="92.01"), "92/PENGAWASAN", 0),
    (dict(text="Inspektorat minta uang pelicin", place="91.01", target="91.01/PENGAWASAN"), "91/PENGAWASAN", 0),
])
def test_owner(stack, web, fields, owner, rung):
    if fields.get("place") == "91.71" and rung == 0:
        owner = "91/PENGAWASAN"  # the city has no inspectorate: the next one above
    _, accepted = web.submit(secret=1, **fields)
    row = stack.wait("select a.code, c.rung, c.flags from complaint c join agency a on a.agency_id = c.holder "
                     "where complaint_id = %s", bytes(accepted[2]).hex())[0]
    assert (row[0], row[1]) == (owner, rung)
    assert (row[2] & 6 == 6) == (rung == 0)


def test_acts_follow_the_table(stack, web, worker):
    web.submit("Jembatan retak", category=1, place="91.71")
    case = take(stack, worker, "91.71/PUPR")
    assert worker.act(case, "progress", "Petugas menuju lokasi")[0] == "done"
    verdict, answer = worker.act(case, "ack")
    assert (verdict, answer[4]) == ("stale", 1)
    case["version"] += 1
    verdict, answer = worker.act(case, "ack")
    assert verdict == "done"
    case["version"] = answer[5]
    key = os.urandom(16)
    first = worker.act(case, "answer", "Selesai diperbaiki", key=key)
    again = worker.act(case, "answer", "Selesai diperbaiki", key=key)
    assert first[0] == again[0] == "done" and first[1][5] == again[1][5]
    case["version"] = first[1][5]
    assert worker.act(case, "ack")[1][4] == 2
    assert worker.act(case, "answer")[0] == "refused"
    stack.checks()


def test_nack_delays_release_returns(stack, web, worker):
    web.submit("Drainase mampet", category=1, place="92.01")
    case = take(stack, worker, "92.01/PUPR")
    assert worker.act(case, "release")[0] == "done"
    case = take(stack, worker, "92.01/PUPR")
    assert case["attempt"] == 1
    assert worker.act(case, "nack", t8=60000)[0] == "done"
    assert worker.pull([stack.agency("92.01/PUPR")], 1, 0) == []


def test_nack_comes_back_when_its_delay_is_over(stack, web, worker):
    _, accepted = web.submit("Pompa air mati", category=2, place="91.71")
    case = take(stack, worker, "91.71/KES")
    assert worker.pull([stack.agency("91.71/KES")], 1, 0) == []
    assert worker.act(case, "nack", t8=1000)[0] == "done"
    began = time.monotonic()
    assert take(stack, worker, "91.71/KES", 20)["number"] == accepted[3]
    assert time.monotonic() - began < 3


def test_lease_runs_out(stack, web, worker):
    web.submit("Trotoar rusak", category=1, place="91.01")
    agency = stack.agency("91.01/PUPR")
    first = worker.pull([agency], 1, 10000, lease=1000)[0]
    began = time.monotonic()
    second = take(stack, worker, "91.01/PUPR", 20)
    assert time.monotonic() - began < 3, "a PULL that waits must not need the router's scan to get it"
    assert second["number"] == first["number"] and second["version"] > first["version"] and second["attempt"] == 1
    assert worker.act(first, "answer", "terlambat")[0] == "stale"
    assert worker.act(second, "answer", "tepat waktu")[0] == "done"


def take_number(stack, worker, code, number):
    """That one, whatever else waits there."""
    while True:
        case = take(stack, worker, code)
        if case["number"] == number:
            return case


def test_hand_back_goes_up(stack, web, worker):
    _, accepted = web.submit("Bukan urusan kami", category=3, place="91.01", email="a@example.org")
    case = take(stack, worker, "91.01/LH")
    assert worker.act(case, "hand_back", "Bukan kewenangan kami", t9=1)[0] == "done"
    case = take_number(stack, worker, "91.01", accepted[3])
    assert column(stack, accepted, "state") == 1
    assert worker.act(case, "hand_back", "Bukan kami juga", t9=1)[0] == "done"
    case = take_number(stack, worker, "91", accepted[3])
    assert worker.act(case, "hand_back", "Tidak ada di atas kami", t9=1)[0] == "done"
    case = take_number(stack, worker, "ID", accepted[3])
    assert case["fields"][18] == 2, "the third hand-back binds"
    verdict, answer = worker.act(case, "hand_back", "Tidak ada di atas kami", t9=1)
    assert (verdict, answer[4]) == ("stale", 8)
    assert worker.act(case, "assign", t10=stack.agency("KEMCONTOH"))[0] == "done"
    assert column(stack, accepted, "state") == 4
    templates = stack.wait("select template from notice where complaint_id = %s order by event", bytes(accepted[2]).hex())
    assert [row[0] for row in templates] == [1, 2, 2, 2, 2]
    stack.checks()


def test_reply_with_code(stack, web, worker):
    from adapter import new_code
    code = new_code()
    _, accepted = web.submit("Tagihan air salah", category=1, place="91.71", code=code)
    case = take(stack, worker, "91.71/PUPR")
    verdict, answer = worker.act(case, "ask", "Mohon nomor pelanggan")
    assert verdict == "done" and column(stack, accepted, "state") == 3
    assert web.submit("Nomor saya 123", kind=3, parent=accepted[3], code=new_code())[0] == "accepted"
    stack.wait("select 1 from refused where reason = 'code'")
    assert web.submit("Nomor saya 123", kind=3, parent=accepted[3], code=code)[0] == "accepted"
    stack.wait("select 1 from complaint where complaint_id = %s and state = 4", bytes(accepted[2]).hex())
    assert take(stack, worker, "91.71/PUPR")["number"] == accepted[3]
    stack.checks()


def test_foreign_agency_is_not_pulled(stack):
    stack.postgres.sql("delete from principal_agency where agency_id = %s", stack.agency("92"))
    worker = stack.worker()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert worker.pull([stack.agency("92")], 1, 0) == []
        if worker.last_pulled.get(4) == 6:
            return
    raise AssertionError("a key still pulls for an agency that was taken from it")


def test_replies_are_not_held_up(stack, web):
    """Each goes by a statement of its own: no rest of the lane stands between them."""
    from adapter import new_code
    code, replies = new_code(), 400
    _, accepted = web.submit("Lampu padam", category=1, place="91.71", code=code)
    stored(stack, accepted)
    store = stack["store"].process.pid
    os.kill(store, signal.SIGSTOP)
    try:
        for n in range(replies):
            assert web.submit(f"Masih padam {n}", kind=2, parent=accepted[3], code=code)[0] == "accepted"
    finally:
        os.kill(store, signal.SIGCONT)
    stored_at = "select at from event where complaint_id = %s and kind between 32 and 39"
    stack.wait(f"select 1 from ({stored_at}) e having count (*) = %s", bytes(accepted[2]).hex(), replies)
    gap, = stack.sql(f"select extract (epoch from min (gap)) from (select at - lag (at) over (order by at) as gap from ({stored_at}) e) g",
                     bytes(accepted[2]).hex())[0]
    assert gap < 0.0035  # however busy the machine: with a rest between them no two are nearer than 4 ms


def test_stranger_is_kept_out(stack):
    import zmq
    from adapter import Adapter
    public, secret = (key.decode() for key in zmq.curve_keypair())
    stranger = Adapter(f"tcp://127.0.0.1:{stack.ports['intake']}", stack.server_key("intake"), public, secret)
    assert not stranger.hello(3)
    stranger.close()


def test_database_away_and_back(stack, web):
    stack.postgres.stop()
    answers = [web.submit(f"Laporan {n} saat basis data mati", category=1, place="91.01") for n in range(20)]
    assert all(verdict == "accepted" for verdict, _ in answers)
    stack.postgres.start()
    for _, accepted in answers:
        stored(stack, accepted)
    assert stack.sql("select count(*) from quarantine")[0][0] == 0
    stack.checks()
