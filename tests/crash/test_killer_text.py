"""A text that crashes the decision, and one that hangs it, stop nothing else for long: after three
offers each is at the national desk, unread by any router."""
import time

import ledger
from collect import collect, metrics
from flood import Flood
from stack import Stack
from supervisor import Pace, Supervisor

KILLS, HANGS = "kalimat yang mematikan", "kalimat yang membekukan"
GAP_MOST = 20


def besieged(folder, texts, log, seconds, **environment):
    """Complaints flow, `texts` among them; (stack's findings by name)."""
    with Stack(folder, environment={"ADUAN_TEST_KILL_TEXT": KILLS, "ADUAN_TEST_HANG_TEXT": HANGS, **environment}) as stack:
        supervisor, flood = Supervisor(stack), Flood(stack, log, 40, connections=4)
        flood.start()
        stack.wait("select 1 from complaint having count(*) >= 100", seconds=60)
        supervisor.start()
        pace, adapter = Pace(stack), stack.adapter("sms")
        pace.start()
        numbers, began = [], time.monotonic()
        for text in texts:
            verdict, answer = adapter.submit(f"Ini {text} di tengah yang lain.", "Judul", category=1, place="91.01")
            assert verdict == "accepted"
            numbers.append(answer[2].hex())
        desks, deadline = {}, began + seconds
        while len(desks) < len(texts) and time.monotonic() < deadline:
            time.sleep(0.1)
            desks = dict(stack.sql("select replace (complaint_id::text, '-', ''), rung from complaint"
                                   " where replace (complaint_id::text, '-', '') = any (%s)", numbers))
        took = time.monotonic() - began
        gap = pace.stop()
        flood.ends.set()
        if len(desks) == len(texts):
            flood.stop()
            stack.wait("select 1 from complaint having count(*) >= %s", flood.accepted + len(texts), seconds=60)
        found = {"at the desk": sorted(desks.values()), "took": took, "gap": gap, "ended": [(name, status) for _, name, status in supervisor.ended]}
        if len(desks) == len(texts):
            root = stack.agency("ID")
            found["holders"] = stack.sql("select distinct holder from complaint where replace (complaint_id::text, '-', '') = any (%s)", numbers)
            assert found["holders"] == [(root,)]
            found["undecided"] = metrics(stack, "intake")["intake_undecided_total"]
            deadline = time.monotonic() + 20
            while metrics(stack, "intake")["intake_undrained_records"] and time.monotonic() < deadline:
                time.sleep(0.2)
            for identity, text in zip(numbers, texts):
                log.sent(f"sms:{text}", identity, ledger.words_digest(b"Judul", f"Ini {text} di tengah yang lain.".encode()))
                log.answer(f"sms:{text}", "accepted", identity, stack.sql(
                    "select number_text (number) from complaint where replace (complaint_id::text, '-', '') = %s", identity)[0][0])
            log.close()
            assert not ledger.check(ledger.History().read(log.file.name), collect(stack))
            stack.checks()
        supervisor.stop()
        for program in stack.programs.values():
            if not program.alive():
                program.start(wait=False)
        if "MUTANT" in environment:
            stack["router"].kill()  # before the text does, which would be the stack's end
        return found


def test_texts_that_stop_the_decision(folder):
    texts = [KILLS, HANGS]
    found = besieged(folder, texts, ledger.Log(f"{folder}/history"), 60)
    assert found["at the desk"] == [6] * len(texts), found
    assert found["gap"] <= GAP_MOST, found
    assert 3 <= len(found["ended"]) <= 3 * len(texts), found
    assert {end for end in found["ended"]} == {("router", -6)}, found
    assert found["undecided"] >= len(texts), found


def test_control_it_is_offered_for_ever(folder):
    """With the mutant no_undecided the text goes on killing: the test above must see that."""
    found = besieged(folder, [KILLS], ledger.Log(f"{folder}/history"), 25, MUTANT="no_undecided")
    assert found["at the desk"] == [] and len(found["ended"]) > 3, found
