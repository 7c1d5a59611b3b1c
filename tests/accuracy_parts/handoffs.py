"""Of the reports that an authority handed on with "not ours": how many the model would have sent to the authority that was
finally responsible, at once.  Only of the last fifth, which the model of the part jarokelo has not seen."""
import collections
import csv

from . import jarokelo
from .measure import interval

TITLE = "Jarokelo: reports that bounced"
SHOWN = 12  # authorities by name


def run(context):
    if "authority" not in context.left:
        jarokelo.authority(context, jarokelo.load(context))
    later, ours, plain, threshold = context.left["authority"]
    wrong = first_wrong(context)
    rows = [(row, ours.right[at], ours.three[at], plain.right[at], ours.confidences[at] >= threshold)
            for at, row in enumerate(later) if row["id"] in wrong]
    straight = [at for at, row in enumerate(later) if row["id"] not in wrong]
    lines = [f"{len(rows):,} of {len(later):,} reports of the last fifth bounced at least once (a reply that says \"not ours\"). Right is the "
             f"authority that was finally responsible. Of the {len(straight):,} that did not bounce, the model is right at first in "
             f"{interval(ours.right[straight].mean(), len(straight))}.", "",
             *table("month", rows, lambda row: row["time"][:7], by_size=False), "",
             *table("first authority that said \"not ours\", as it signed", rows, lambda row: wrong[row["id"]], by_size=True)]
    return lines, []


def first_wrong(context):
    """{report: who first said that it is not theirs}"""
    with open(context.texts / "jarokelo_handoffs_dev.csv", encoding="utf-8", newline="") as file:
        replies = sorted(csv.DictReader(file), key=lambda row: (row["id"], int(row["seq"])))
    wrong = {}
    for reply in replies:
        if reply["not_mine"] == "1":
            wrong.setdefault(reply["id"], reply["responder"])
    return wrong


def table(what, rows, key, by_size):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[key(row[0])].append(row)
    names = sorted(groups, key=lambda name: (-len(groups[name]), name) if by_size else name)
    lines = [f"| {what} | bounced | at once right | among three | baseline at once right | sure, and right | sure, and wrong |", "|---|---|---|---|---|---|---|"]
    shown = names[:SHOWN] if by_size else names
    for name in shown:
        lines.append(line(name.replace("|", "/"), groups[name]))
    rest = [row for name in names if name not in shown for row in groups[name]]
    if rest:
        lines.append(line(f"{len(names) - len(shown)} others", rest))
    return [*lines, line("all", rows)]


def line(name, rows):
    count = len(rows)
    right, three, plain = (sum(bool(row[at]) for row in rows) for at in (1, 2, 3))
    sure_right = sum(bool(row[4] and row[1]) for row in rows)
    sure_wrong = sum(bool(row[4] and not row[1]) for row in rows)
    return f"| {name} | {count} | {right} ({right / count:.2f}) | {three} ({three / count:.2f}) | {plain} ({plain / count:.2f}) | {sure_right} | {sure_wrong} |"
