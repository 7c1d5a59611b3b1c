"""Function from text by mandates alone, without any learning: the sets of tests/support/sentences, each written by who
had not seen the vocabulary.  An answer is right when its function is the one that the writer meant; top-3 are the
decision's three candidates.  The first run of set a was made at the commit in FIRST, before anything was mended."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRST = {}


def explain(aduan, registry, lines):
    """The decisions of `aduan rules explain --json`, in order."""
    sent = "".join(json.dumps({key: line[key] for key in ("text", "place") if line.get(key)}, ensure_ascii=False) + "\n" for line in lines)
    done = subprocess.run([aduan, "rules", "explain", "--json", "--registry", registry], input=sent, text=True, check=True,
                          stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ranked(decision):
    """Functions of the candidates, the best first, each once."""
    found = []
    for candidate in decision["candidates"]:
        function = candidate.get("function") or candidate.get("agency")
        if function and function not in found:
            found.append(function)
    return found


def measure(lines, decisions):
    first = sum(ranked(decision)[:1] == [line["function"]] for line, decision in zip(lines, decisions, strict=True))
    three = sum(line["function"] in ranked(decision)[:3] for line, decision in zip(lines, decisions, strict=True))
    person = sum(decision["rung"] >= 5 for decision in decisions)
    owned = [decision for decision in decisions if decision["rung"] < 5]
    right = sum(ranked(decision)[:1] == [line["function"]] for line, decision in zip(lines, decisions, strict=True) if decision["rung"] < 5)
    return {"count": len(lines), "top1": first / len(lines), "top3": three / len(lines), "person": person / len(lines),
            "right_of_decided": right / max(1, len(owned))}


def read(name):
    with open(ROOT / "tests" / "support" / "sentences" / f"{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main(aduan, registry):
    """{set: figures}"""
    figures = {}
    for name in ("a", "b"):
        lines = read(name)
        figures[name] = measure(lines, explain(aduan, registry, lines))
    return figures
