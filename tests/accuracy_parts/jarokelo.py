"""Jarokelo, Budapest 2023-2025: the category from the text and where it is; the authority that was finally responsible from
text, district, category and coordinates."""
import datetime
import json

from .measure import at_least, at_most, baseline, goal, measure, split

TITLE = "Jarokelo: category and authority"


def load(context):
    with open(context.texts / "complaints_jarokelo_dev.jsonl", encoding="utf-8") as file:
        return sorted(map(json.loads, file), key=lambda row: (row["date"], row["id"]))


def example(row, label, **more):
    return {"id": row["id"], "time": row["date"], "title": row["title"], "text": row["text"], "place": row["district"],
            "latitude": row["lat"], "longitude": row["lon"], "label": row[label], **more}


def run(context):
    rows = load(context)
    lines, requirements = category(context, rows)
    more, others = authority(context, rows)
    return [*lines, "", *more], requirements + others


def category(context, rows):
    ours, plain, lines, _ = measure(context, "category", [example(row, "category") for row in rows])
    return ["### Category, from text and place", "", *lines], [
        at_least("category: not more than 0.01 below the baseline", ours.first, plain.first - 0.01),
        at_most("category: calibration error", ours.calibration_error(), 0.05),
        at_most("category: share to a person where 95 of 100 are right", ours.to_person(), 0.60),
        goal("category: right at first", ours.first, 0.81), goal("category: among the first three", ours.among, 0.95)]


def authority(context, rows):
    rows = [example(row, "institution", category=row["category"]) for row in rows]
    ours, plain, lines, report = measure(context, "authority", rows, ("place", "category"))
    earlier, later = split(rows)
    words, cost = baseline(context, earlier, later)
    context.left["authority"] = (later, ours, plain, report["threshold"])
    lines.insert(6, f"| baseline: words and pairs alone; C {cost:g} | {words.cells()} |")
    return ["### Authority, from text, district, category and coordinates", "", *lines, "", *ceiling(rows)], [
        at_least("authority: 0.17 above the baseline of the text alone", ours.first, words.first + 0.17),
        at_least("authority: not below the baseline with district and category", ours.first, plain.first),
        at_most("authority: calibration error", ours.calibration_error(), 0.05),
        goal("authority: right at first", ours.first, 0.70), goal("authority: among the first three", ours.among, 0.89),
        at_most("not counted: authority: share to a person where 95 of 100 are right", ours.to_person(), 0.60)._replace(firm=False)]


def ceiling(rows):
    """How far the outcomes agree with themselves: neighbours in time of the same category within the same 100 m."""
    last, same, pairs = {}, 0, 0
    for row in rows:
        key = (row["latitude"], row["longitude"], row["category"])
        before = last.get(key)
        if before and day(row) - day(before) < 7:
            pairs += 1
            same += before["label"] == row["label"]
        last[key] = row
    return [f"What is there to find: of {pairs:,} pairs of reports of one category within a week and within 100 m, {same / pairs:.4f} had the "
            "same authority in the end. So where 95 of 100 shall be right, nearly all go to a person: told below, not counted."]


def day(row):
    return datetime.date.fromisoformat(row["time"]).toordinal()
