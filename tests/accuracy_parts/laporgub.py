"""LaporGub, Central Java 2024-2025: the category, from words that are stemmed and stripped of stop words."""
import csv

from .measure import at_least, at_most, goal, measure

TITLE = "LaporGub: category from text"


def run(context):
    with open(context.texts / "complaints_laporgub_train.csv", encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["id"])  # the ids are in the order of time
    rows = [{"id": row["id"], "text": row["tokens"], "label": row["category"]} for row in rows]
    ours, plain, lines, _ = measure(context, "laporgub", rows)
    return lines, [at_least("not more than 0.01 below the baseline", ours.first, plain.first - 0.01),
                   at_most("calibration error", ours.calibration_error(), 0.05),
                   goal("right at first", ours.first, 0.83), goal("among the first three", ours.among, 0.95)]
