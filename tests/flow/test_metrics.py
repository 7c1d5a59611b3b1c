"""What operators watch: every metric is there, is right, and is left out where it is not known (docs/operators.md)."""
import os
import re

import pytest

from exposition import read
from stack import ROOT, Stack

PROGRAMS = ("intake", "router", "store", "query", "desk", "web", "notifier")
EVERYBODYS = ("link", "zap", "door", "program")


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=PROGRAMS, smtp="smtp://127.0.0.1:9") as running:
        yield running


def table():
    """(owner or None: everybody, name, kind, labels) of each row of the table."""
    with open(os.path.join(ROOT, "common", "base", "metric.def"), encoding="utf-8") as file:
        text = file.read()
    kinds = {"counter": "counter", "gauge": "gauge", "seconds": "gauge", "times": "histogram", "sizes": "histogram", "shares": "histogram"}
    rows = []
    for shape, inside in re.findall(r"^(METRIC\w*) \((.*)", text, re.M):
        words = [word.strip().strip('"') for word in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', inside)]
        owner = words.pop(0) if shape == "METRIC_SERIES" else words[0].split("_")[0]
        labels = {"METRIC_BY": words[2:3], "METRIC_SERIES": words[2].split(",") if words[2] else []}.get(shape, [])
        rows.append((None if owner in EVERYBODYS else owner, f"aduan_{words[0]}", kinds[words[1]], labels))
    return rows


def test_each_program_says_its_own(stack):
    rows = table()
    assert len(rows) > 100 and {owner for owner, *_ in rows} == {None, *PROGRAMS}
    for program in PROGRAMS:
        families = read(stack.show(program))
        assert {(name, family.kind) for name, family in families.items()} == {
            (name, kind) for owner, name, kind, _ in rows if owner in (None, program)}, program
        for _, name, kind, labels in rows:
            for _, has, _ in families[name].samples if name in families else ():
                assert has.keys() - {"le"} == set(labels) and ("le" in has) <= (kind == "histogram"), name


def test_what_is_done_is_counted(stack):
    web = stack.adapter()
    before = {name: read(stack.show(name)) for name in ("intake", "router", "store")}
    for nth in range(20):
        web.submit(f"Jalan berlubang nomor {nth} di depan pasar.")
    stack.wait("select 1 from complaint having count (*) >= 20")
    after = {name: read(stack.show(name)) for name in before}

    def grown(program, family, sample="", **labels):
        def total(page):
            return sum(value for name, has, value in page[f"aduan_{family}"].samples
                       if name.endswith(sample or family) and labels.items() <= has.items())
        return total(after[program]) - total(before[program])

    assert grown("intake", "intake_accepted_total") == 20
    assert grown("router", "router_decisions_total") == grown("router", "router_offers_total") == 20
    assert grown("router", "router_confidence_ratio", "_count") == 20
    assert 0 <= grown("router", "router_confidence_ratio", "_sum") <= 20
    assert grown("store", "store_place_batch_rows", "_sum") == 20
    for program, batches, spread in (("intake", "intake_commits_total", "intake_commit_seconds"),
                                     ("store", "store_place_batches_total", "store_place_batch_seconds")):
        assert grown(program, batches) == grown(program, spread, "_count") > 0
        assert 0 < grown(program, spread, "_sum") < 60
    started = after["intake"]["aduan_program_start_time_seconds"].value()
    assert abs(started - os.stat(os.path.join(stack.folder, "run", "intake.ctl")).st_mtime) < 60
