"""PostgreSQL is down while submissions go on: the row of the nightly battery and the short test."""
import os
import time

import ledger
from collect import collect, metrics
from flood import Flood


def database_down(stack, seconds, rate, say=print):
    """Two outages, the second a quarter as long (a queue that survives one may discard in the next);
    (problems, figures)."""
    log = ledger.Log(os.path.join(stack.folder, "history"))
    flood, figures, problems = Flood(stack, log, rate).start(), {}, []
    stack.wait("select 1 from complaint having count (*) >= %s", rate * 2, seconds=60)
    for part, length in (("first", seconds), ("second", seconds / 4)):
        since = flood.now()
        stack.postgres.kill()
        while flood.now() < since + length:
            time.sleep(0.05)
        until = flood.now()
        p50, p99, worst = flood.latency(since, until, 0.5, 0.99, 1)
        held = metrics(stack, "intake")["intake_undrained_records"]
        stack.postgres.start()
        up = time.monotonic()
        accepted = flood.accepted
        stack.wait("select 1 from complaint having count (*) >= %s", accepted, seconds=180)
        drained = time.monotonic() - up
        figures[part] = {"down s": round(until - since, 1), "accepted then p50 ms": round(p50, 1), "p99 ms": round(p99, 1),
                         "longest ms": round(worst, 1), "held in the spool": int(held), "drained s after": round(drained, 1)}
        say(f"{part} outage: {figures[part]}")
        if held < rate * length * 0.8:
            problems.append(f"{part} outage: only {held:.0f} records in the spool: it was not one")
    flood.stop()
    log.close()
    stack.wait("select 1 from complaint having count (*) >= %s", flood.accepted, seconds=60)
    deadline = time.monotonic() + 30
    while metrics(stack, "intake")["intake_undrained_records"] and time.monotonic() < deadline:
        time.sleep(0.1)
    record = collect(stack)
    problems += ledger.check(ledger.History().read(log.file.name), record)
    if flood.other:
        problems.append(f"not all were accepted: {flood.other}")
    if record.quarantine or record.refused:
        problems.append(f"{len(record.quarantine)} in quarantine, {len(record.refused)} refused")
    try:
        stack.checks()
    except AssertionError as wrong:
        problems.append(str(wrong))
    say(f"{flood.accepted} accepted, {len(record.complaints)} complaints")
    return problems, figures
