"""The function from text by mandates alone, without any learning: the sets of tests/support/sentences, each written by who
had not seen the vocabulary.  An answer is right when its function is the one that the writer meant; the three are the
decision's candidates."""
import json
import pathlib
import subprocess
import sys

from .measure import Ranked, at_least, at_most

TITLE = "Mandates alone: 36 functions, informal Indonesian"
ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST = """First run, at 77d78b9a, with the vocabulary as it was committed first (confidences came later; two candidates beside the
coordinator): a 0.8175 and 0.9524, b 0.8009 and 0.9028. What was mended since was found on other sentences."""


def snapshot(work):
    """The registry of the whole country, as the router reads it."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from snapshot_text import text_of
    folder, path = pathlib.Path(work) / "registry", pathlib.Path(work) / "registry.txt"
    subprocess.run(["/usr/bin/python3", str(ROOT / "deploy/registry/build"), str(folder)], check=True, stdout=subprocess.DEVNULL)
    path.write_text(text_of(folder), encoding="utf-8")
    return path


def functions(decision):
    """Of the candidates, the best first, each once; a central body stands for itself."""
    found = [candidate["function"] or candidate["agency"] for candidate in decision["candidates"]
             if candidate["ground"] not in ("coordinator", "national")]
    return list(dict.fromkeys(found))


def decide(context, registry, lines):
    asked = "".join(json.dumps({key: line[key] for key in ("text", "place") if line.get(key)}) + "\n" for line in lines)
    done = subprocess.run([context.aduan, "rules", "explain", "--json", "--registry", str(registry)], input=asked, text=True, check=True,
                          stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(context):
    registry = snapshot(context.work)
    out = ["| set | complaints | right at first | among the first three | to a person | right of the others |", "|---|---|---|---|---|---|"]
    requirements, confidences, rights, oversight = [], [], [], []
    for name in ("a", "b"):
        with open(ROOT / "tests" / "support" / "sentences" / f"{name}.jsonl", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        decisions = decide(context, registry, lines)
        ranked = Ranked([line["function"] for line in lines], [functions(decision) for decision in decisions])
        person = [decision["rung"] >= 5 for decision in decisions]
        decided = [right for right, asks in zip(ranked.right, person, strict=True) if not asks]
        out.append(f"| {name} | {len(lines)} | {ranked.cells()} | {sum(person) / len(lines):.4f} | {sum(decided) / len(decided):.4f} |")
        requirements += [at_least(f"{name}: right at first", ranked.first, 0.75), at_least(f"{name}: among the first three", ranked.among, 0.90),
                         at_most(f"{name}: to a person", sum(person) / len(lines), 0.15)]
        taken = [decision["rung"] == 0 for decision in decisions]
        meant = [line["function"] == "PENGAWASAN" for line in lines]
        oversight.append(f"{name}: {sum(a and b for a, b in zip(taken, meant))} of {sum(meant)} of what tells of misconduct, and "
                         f"{sum(a and not b for a, b in zip(taken, meant))} of {len(lines) - sum(meant)} of what does not")
        for right, decision in zip(ranked.right, decisions, strict=True):
            if decision["rung"] == 4:
                confidences.append(decision["confidence"])
                rights.append(right)
    mean = sum(confidences) / len(confidences)
    out += ["", FIRST, "", f"The oversight filter took, of set {'; of set '.join(oversight)}.", "", f"Rung 4 said on average {mean:.3f} and was right in {sum(rights) / len(rights):.3f} of {len(rights)}."]
    return out, requirements
