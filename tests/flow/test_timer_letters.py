"""What timers tell a reporter, as the letters that arrive: real store, notifier and SMTP server."""
import email
import email.policy
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

from spoolbench import wait
from stack import HERE, Stack
from store_door import StoreDoor
from test_timers import Case


@pytest.fixture
def sink(tmp_path):
    process = subprocess.Popen([sys.executable, os.path.join(HERE, "smtp_sink.py"), str(tmp_path)])
    wait(lambda: (tmp_path / "port").exists() and (tmp_path / "port").read_text(), 30, "the SMTP server")
    yield tmp_path
    process.terminate()
    process.wait()


def letters(folder):
    """Subject and text of each, by subject."""
    found = {}
    for path in pathlib.Path(folder, "mail").glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found[message["Subject"]] = message.get_body(("plain",)).get_content()
    return found


def has(folder, words):
    return next((text for subject, text in letters(folder).items() if words in subject), None)


def of(door, complaint):
    case = Case.__new__(Case)
    case.door, case.stack, case.id = door, door.stack, complaint.bytes
    return case


def test_letters(folder, sink):
    port = (sink / "port").read_text()
    with Stack(folder, programs=("store", "router", "intake", "notifier"), smtp=f"smtp://127.0.0.1:{port}") as stack:
        adapter, worker, door = stack.adapter(), stack.worker(), StoreDoor(stack)
        agency = stack.agency("91.01/PUPR")

        def complaint(text, language="id"):
            verdict, answer = adapter.submit(text, category=1, place="91.01", class_=2, anonymous=1, secret=1, email="sari@example.org", language=language)
            assert verdict == "accepted", answer
            number = stack.wait("select complaint_id from complaint where number_text (number) = %s", answer[3])[0][0]
            return of(door, uuid.UUID(str(number))), answer[3]

        silent, number = complaint("Jalan berlubang di muka pasar")
        (work,) = worker.pull([agency], 1, 5000)
        assert worker.act(work, "answer", "Sudah kami tambal")[0] == "done"
        silent.age(8, kind=17)
        text = wait(lambda: has(sink, f"Laporan {number} akan ditutup"), 30, "the warning")
        due = silent.sql("select (data ->> 'due')::timestamptz at time zone 'Asia/Jakarta' from event where kind = 48 and complaint_id = %s")[0][0]
        assert f"ditutup oleh sistem pada {due.day} " in text and f" {due.year}, {due.hour:02}.00 WIB" in text and "Sudah kami tambal" not in text
        wait(lambda: not stack.sql("select 1 from notice union all select 1 from dispatch"), 30, "an empty outbox")
        silent.age(11, kind=17)
        silent.age(2, kind=48)
        assert silent.state() == 7
        assert "membuka kembali" in wait(lambda: has(sink, f"Laporan {number} ditutup oleh sistem"), 30, "the closing")

        late, number = complaint("Lampu jalan padam", "en")
        late.age(61)
        text = wait(lambda: has(sink, f"Your report {number} is late"), 30, "the breach")
        assert "Ombudsman" in text
        assert "without your consent nothing" in wait(lambda: has(sink, f"Your report {number}: your right"), 30, "the offer").lower()

        asked, number = complaint("Sampah menumpuk")
        door.until("select 1 from assignment where state = 1 and complaint_id = %s", asked.id.hex())
        while True:
            (work,) = worker.pull([agency], 1, 5000)
            if work["id"] == asked.id:
                break
        assert worker.act(work, "ask", "Di jalan apa?")[0] == "done"
        asked.rewrite("update event set at = now () - interval '11 days' where kind = 18 and complaint_id = %s")
        asked.wake()
        assert "diarsipkan bila belum dilengkapi sampai" in wait(lambda: has(sink, f"Laporan {number} masih menunggu"), 30, "the reminder")
        asked.rewrite("update event set at = now () - interval '50 days' where kind in (18, 48) and complaint_id = %s")
        asked.wake()
        asked.rewrite("update event set at = now () - interval '20 days' where kind = 48 and complaint_id = %s")
        asked.wake()
        assert asked.state() == 8
        assert "dilanjutkan dari keadaannya semula" in wait(lambda: has(sink, f"Laporan {number} diarsipkan"), 30, "the end")
        stack.checks()
