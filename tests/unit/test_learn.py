"""`aduan rules learn` and `score`, on sentences of a grammar of this test's own.

ADUAN_BUILD names the folder of the build.
"""
import json
import os
import random
import stat
import subprocess

import pytest

from test_cli import ADUAN

THINGS = {
    "PUPR": ["jalan berlubang", "trotoar pecah", "jembatan retak", "aspal mengelupas"],
    "HUB": ["lampu merah mati", "parkir liar", "angkot ngetem", "rambu hilang"],
    "LH": ["sampah menumpuk", "sungai bau", "asap pabrik", "pohon tumbang"],
    "KES": ["puskesmas antre", "obat habis", "dokter tidak ada", "ambulans terlambat"],
}
PLACES = ["di depan pasar", "dekat sekolah", "di gang saya", "sejak minggu lalu", "sudah dilaporkan", "tolong segera"]


def sentences(count, seed=3, noise=0.1, labels=tuple(THINGS)):
    """Examples, the oldest first; a share of them went to somebody else for no reason."""
    draw = random.Random(seed)
    for number in range(count):
        label = draw.choices(labels, weights=[4, 2, 2, 1][:len(labels)])[0]
        text = " ".join(["min", draw.choice(THINGS[label]), draw.choice(PLACES), draw.choice(PLACES)])
        given = draw.choice(labels) if draw.random() < noise else label
        yield {"id": f"T-{number}", "time": f"2026-{1 + number // 28 % 12:02}-{1 + number % 28:02}", "title": "Lapor", "text": text,
               "place": draw.choice(["33.74", "33.22"]), "category": draw.choice(["1", "2"]), "label": given}


def aduan(*arguments, text=""):
    return subprocess.run([ADUAN, "--lang", "en", *arguments], input=text, text=True, capture_output=True, check=False, timeout=120)


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def learn(folder, rows, name="model", *more):
    """(status, report, the model's path)"""
    model = folder / name
    done = aduan("rules", "learn", write(folder / f"{name}.jsonl", rows), "--out", str(model), "--json", *more)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, model


def score(model, rows, *more):
    done = aduan("rules", "score", str(model), *more, text="".join(json.dumps(row) + "\n" for row in rows))
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module", name="learned")
def a_model(tmp_path_factory):
    return learn(tmp_path_factory.mktemp("learn"), sentences(300))


def test_it_beats_the_majority(learned):
    status, report, model = learned
    assert status == 0 and model.exists()
    assert report["examples"] == 300 and report["held_out"] == 60 and report["labels"] == 4
    held = [row["label"] for row in sentences(300)][240:]
    majority = max(held.count(label) for label in THINGS) / 60
    assert report["top1"]["share"] > 0.8 > majority + 0.2
    assert report["top3"]["share"] >= report["top1"]["share"]
    assert report["top1"]["low"] < report["top1"]["share"] < report["top1"]["high"]
    assert sum(place["count"] for place in report["bins"]) == 60
    assert report["name"].startswith("2026-11-20-")  # the newest example's day: number 299 is the 20th of the 11th month
    assert model.stat().st_size == report["bytes"] < 200_000


def test_same_bytes_for_same_bytes(learned, tmp_path):
    rows = list(sentences(300))
    status, report, again = learn(tmp_path, rows)
    assert status == 0 and report == learned[1]
    assert again.read_bytes() == learned[2].read_bytes()
    # the order of lines says nothing where times and ids do
    random.Random(1).shuffle(rows)
    assert learn(tmp_path, rows, "shuffled")[2].read_bytes() == again.read_bytes()
    # one word more is another model, and another name
    rows[0]["text"] += " hujan hujan"
    rows[1]["text"] += " hujan hujan"
    _, other, path = learn(tmp_path, rows, "other")
    assert path.read_bytes() != again.read_bytes() and other["name"] != report["name"]


def test_what_it_says(learned):
    rows = [{"id": "a", "text": "jalan berlubang di gang saya"}, {"id": 7, "text": "PUSKESMAS antre, obat habis"}, {"text": "xyz"}]
    status, answers = score(learned[2], rows, "--labels", "4")
    assert status == 0 and [answer.get("id") for answer in answers] == ["a", "7", None]
    assert [answer["labels"][0]["label"] for answer in answers[:2]] == ["PUPR", "KES"]
    for answer in answers:
        chances = [label["chance"] for label in answer["labels"]]
        assert chances == sorted(chances, reverse=True) and sum(chances) == pytest.approx(1, abs=1e-3)
        assert 0 <= answer["confidence"] <= 1
    assert answers[2]["confidence"] < answers[0]["confidence"]
    assert len(score(learned[2], rows)[1][0]["labels"]) == 3
    status, answers = score(learned[2], [{"title": " "}, {"text": "jalan"}, {"text": "x", "latitude": 91}])
    assert status == 65 and [("error" in answer, answer.get("line")) for answer in answers] == [(True, 1), (False, None), (True, 3)]


def test_answers_that_find_no_room(learned):
    """Each answer is written as it is made; that the last one had nothing left to write makes it no success."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([ADUAN, "rules", "score", str(learned[2])], input='{"text": "jalan"}\n' * 3, text=True, check=False, stdout=full)
    assert done.returncode == 74


def test_a_worse_one_is_not_written(learned, tmp_path):
    newer = [{**row, "time": row["time"].replace("2026", "2027"), "id": f"U-{n}"} for n, row in enumerate(sentences(600, seed=4))]
    draw = random.Random(5)
    spoiled = [{**row, "label": draw.choice(list(THINGS))} if n < 480 else row for n, row in enumerate(newer)]
    status, report, path = learn(tmp_path, spoiled, "spoiled", "--against", str(learned[2]))
    assert status == 1 and not path.exists()
    assert not report["current"]["better"] and report["current"]["why"]
    assert report["current"]["count"] == 120 and report["current"]["lost"] > report["current"]["won"]
    # the right labels, against a current model that learned from the spoiled ones
    status, _, current = learn(tmp_path, [{**row, "time": "2025-" + row["time"][5:]} for row in spoiled[:480]], "bad")
    assert status == 0
    status, report, path = learn(tmp_path, newer, "good", "--against", str(current))
    assert status == 0 and path.exists()
    assert report["current"]["better"] and report["current"]["name"].startswith("2025-")
    assert report["current"]["new_top1"]["share"] > report["current"]["top1"]["share"]


def test_who_has_seen_the_examples_is_no_judge(learned, tmp_path):
    status, report, path = learn(tmp_path, sentences(300), "same", "--against", str(learned[2]))
    assert status == 1 and not path.exists()
    assert report["current"]["count"] == 0 and "100" in report["current"]["why"]


def test_the_report_has_its_tables(tmp_path):
    path = tmp_path / "report.md"
    done = aduan("rules", "learn", write(tmp_path / "x.jsonl", sentences(300)), "--out", str(tmp_path / "m"), "--report", str(path))
    assert done.returncode == 0 and "Held out, the latest 60" in done.stdout
    rows = [line.split("|")[1:-1] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    labels = {row[0].strip(): row for row in rows if len(row) == 7}
    assert set(THINGS) < set(labels)
    assert sum(int(labels[label][2]) for label in THINGS) == 60
    assert sum(int(labels[label][1]) for label in THINGS) == 240
    assert sum(int(row[0]) for row in rows if len(row) == 3 and row[0].strip().isdigit()) == 60


def test_what_is_no_file_stays_what_it_is(learned, tmp_path):
    """A pipe is written to, not replaced; nor is a link.  So would /dev/null have been."""
    examples, pipe, link, target = (tmp_path / name for name in ("examples.jsonl", "pipe", "link", "target"))
    write(examples, sentences(300))
    os.mkfifo(pipe)
    link.symlink_to(target)
    target.write_bytes(b"old")
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert aduan("rules", "learn", str(examples), "--out", str(pipe)).returncode == 0
        assert reader.stdout.read() == learned[2].read_bytes()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert aduan("rules", "learn", str(examples), "--out", str(link)).returncode == 0
    assert link.is_symlink() and target.read_bytes() == learned[2].read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="a device of its own needs root")
def test_a_full_disk(tmp_path):
    examples, full = tmp_path / "examples.jsonl", tmp_path / "full"
    write(examples, sentences(300))
    os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
    if not os.access(full, os.W_OK):
        pytest.skip("no devices on this file system")
    done = aduan("rules", "learn", str(examples), "--out", str(full))
    assert done.returncode == 73 and "No space left" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["examples.jsonl", "full"]


@pytest.mark.parametrize("line, said", [
    ("{broken", "not one whole JSON object"),
    ('{"text": "x"}', "label"),
    ('{"label": "HUB"}', "text"),
    ('{"text": " \\u200b", "label": "HUB"}', "text"),
    ('{"text": "x", "label": "HUB", "latitude": 91, "longitude": 0}', "latitude"),
    ('{"text": "x", "label": "HUB", "longitude": "east"}', "longitude"),
    ('{"text": "x", "label": "HUB", "time": "soon"}', "time"),
    ('{"text": "x", "label": "HUB", "id": "a\\u0000b", "time": "2026-01-01"}', "id"),
])
def test_bad_lines_are_named(tmp_path, line, said):
    rows = [json.dumps(row) for row in sentences(120)]
    rows[41] = line
    source = tmp_path / "x.jsonl"
    source.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = aduan("rules", "learn", str(source), "--out", str(tmp_path / "m"))
    assert done.returncode == 65 and not (tmp_path / "m").exists()
    assert f"{source}:42: {said}" in done.stderr


def test_what_cannot_be_learned(tmp_path):
    def said(rows, *more):
        done = aduan("rules", "learn", write(tmp_path / "x.jsonl", rows), *more)
        return done.returncode, done.stderr
    out = ["--out", str(tmp_path / "m")]
    assert said(sentences(99), *out)[0] == 65
    assert said(sentences(200, labels=("HUB",)), *out)[0] == 65
    mixed = [row if n % 2 else {key: row[key] for key in row if key != "time"} for n, row in enumerate(sentences(200))]
    status, text = said(mixed, *out)
    assert status == 65 and "order" in text
    late = [{**row, "label": "HUB"} if n < 150 else row for n, row in enumerate(sentences(200))]
    assert said(late, *out)[0] == 65  # the earlier ones have all one label
    assert said(sentences(200))[0] == 64
    assert said(sentences(200), *out, "--held-out", "0.9")[0] == 64
    assert said(sentences(200), *out, "--held-out", "x")[0] == 64
    assert said(sentences(200), *out, "--seed", "-1")[0] == 64
    assert said(sentences(200), *out, "--against", str(tmp_path / "x.jsonl"))[0] == 65
    assert said(sentences(200), *out, "--against", str(tmp_path / "absent"))[0] == 66
    assert said(sentences(200), "--out", str(tmp_path / "no" / "m"))[0] == 73
    assert not (tmp_path / "m").exists()
    assert aduan("rules", "learn", str(tmp_path / "absent"), *out).returncode == 66
    assert aduan("rules", "score", str(tmp_path / "x.jsonl")).returncode == 65


def test_ids_order_where_no_time_does(tmp_path):
    rows = [{key: row[key] for key in row if key != "time"} for row in sentences(300)]
    status, report, current = learn(tmp_path, rows[:150], "current")
    assert status == 0 and report["name"].startswith("00000150-")
    # T-150 to T-299 are newer, T-99 is not: numbers count as numbers
    status, report, _ = learn(tmp_path, rows, "new", "--against", str(current), "--held-out", "0.5")
    assert report["current"]["count"] == 150
    assert status == (0 if report["current"]["better"] else 1)
