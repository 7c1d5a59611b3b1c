"""What all parts measure with: learning and scoring through the command, the baseline, figures."""
import collections
import json
import math
import os
import subprocess
import warnings

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

Requirement = collections.namedtuple("Requirement", "what value wanted met firm", defaults=[True])  # firm: else a goal beyond
BINS = 15
PRECISION = 0.95


def at_least(what, value, least):
    return Requirement(what, f"{value:.4f}", f">= {least:.4f}", value >= least)


def goal(what, value, least):
    return at_least(f"goal: {what}", value, least)._replace(firm=False)


def at_most(what, value, most):
    return Requirement(what, f"{value:.4f}", f"<= {most:.4f}", value <= most)


def interval(share, count):
    """Wilson's, of 95 %."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return f"{share:.4f} ({middle - half:.4f}-{middle + half:.4f})"


class Ranked:
    """For each example the labels in their order; with confidences of the first where there are any."""

    def __init__(self, truth, labels, confidences=None):
        self.count = len(truth)
        self.labels = labels
        self.right = np.array([bool(row) and row[0] == label for row, label in zip(labels, truth)])
        self.three = np.array([label in row[:3] for row, label in zip(labels, truth)])
        self.confidences = None if confidences is None else np.array(confidences)

    first = property(lambda self: self.right.mean())
    among = property(lambda self: self.three.mean())

    def cells(self):
        return f"{interval(self.first, self.count)} | {interval(self.among, self.count)}"

    def calibration_error(self):
        """Mean distance of confidence and share of right ones, over bins of equal counts."""
        order = np.argsort(self.confidences, kind="stable")
        return sum(abs((self.confidences[part] - self.right[part]).sum()) for part in np.array_split(order, BINS)) / self.count

    def to_person(self):
        """The least share that a person must see so that 95 of 100 others are right."""
        order = np.argsort(-self.confidences, kind="stable")
        precision = np.cumsum(self.right[order]) / np.arange(1, self.count + 1)
        good = np.nonzero(precision >= PRECISION)[0]
        return 1 - (good[-1] + 1) / self.count if len(good) else 1.0

    def above(self, threshold):
        """(share below, precision above)"""
        sure = self.confidences >= threshold
        return 1 - sure.mean(), self.right[sure].mean() if sure.any() else float("nan")


class Context:
    def __init__(self, texts, aduan, work, folded):
        self.texts, self.aduan, self.work, self.folded = texts, aduan, work, folded
        self.left = {}  # what a part leaves for later ones

    def write(self, name, rows):
        path = os.path.join(self.work, name)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return path

    def learn(self, name, rows):
        """The learner's own report; the model stays for score()."""
        done = subprocess.run([self.aduan, "--json", "rules", "learn", self.write(f"{name}.jsonl", rows), "--out", os.path.join(self.work, name)],
                              stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def score(self, name, rows):
        blind = [{key: value for key, value in row.items() if key != "label"} for row in rows]
        with open(self.write(f"{name}.asked", blind), "rb") as file:
            done = subprocess.run([self.aduan, "rules", "score", os.path.join(self.work, name)], stdin=file, stdout=subprocess.PIPE, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(rows)
        return Ranked([row["label"] for row in rows], [[label["label"] for label in answer["labels"]] for answer in answers],
                      [answer["confidence"] for answer in answers])

    @staticmethod
    def table_of(requirements):
        if not requirements:
            return []
        return ["| required | measured | wanted | met |", "|---|---|---|---|",
                *(f"| {one.what} | {one.value} | {one.wanted} | {'yes' if one.met else '**no**'} |" for one in requirements)]


def baseline(context, earlier, later, facts=()):
    """Words and pairs of words by TF-IDF, and `facts` as they are; liblinear's SVM, C by 5-fold cross-validation, which many labels
    make slow: over at most context.folded examples, drawn with a fixed seed."""
    def text(row):
        return f"{row.get('title', '')} {row['text']}"
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    parts = [(words.fit_transform(map(text, earlier)), words.transform(map(text, later)))]
    if facts:
        known = OneHotEncoder(handle_unknown="ignore")
        columns = [[[row[fact] for fact in facts] for row in rows] for rows in (earlier, later)]
        parts.append((known.fit_transform(columns[0]), known.transform(columns[1])))
    learned, asked = (sparse.hstack([part[side] for part in parts]).tocsr() for side in (0, 1))
    labels = np.array([row["label"] for row in earlier])
    drawn = np.random.default_rng(0).permutation(len(earlier))[:context.folded]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels of fewer than five examples; what has not quite converged
        grid = GridSearchCV(LinearSVC(random_state=0), {"C": [0.1, 0.3, 1, 3]}, cv=StratifiedKFold(5, shuffle=True, random_state=0), refit=False)
        grid.fit(learned[drawn], labels[drawn])
        machine = LinearSVC(random_state=0, **grid.best_params_).fit(learned, labels)
    margins = machine.decision_function(asked)
    order = np.argsort(-margins, axis=1, kind="stable")[:, :3]
    return Ranked([row["label"] for row in later], machine.classes_[order].tolist()), grid.best_params_["C"]


def split(rows):
    """The earlier four fifths, the last fifth."""
    cut = len(rows) * 4 // 5
    return rows[:cut], rows[cut:]


def measure(context, name, rows, facts=()):
    """(the model's answers, the baseline's, lines of Markdown, the learner's report)"""
    earlier, later = split(rows)
    report = context.learn(name, earlier)
    ours = context.score(name, later)
    plain, cost = baseline(context, earlier, later, facts)
    below, precision = ours.above(report["threshold"])
    lines = [f"Learned from {len(earlier):,}, measured on the {len(later):,} that followed; {report['labels']} labels, "
             f"{report['features']:,} features, {report['bytes']:,} bytes.", "",
             "| | right at first | among the first three |", "|---|---|---|",
             f"| the model | {ours.cells()} |",
             f"| baseline: words and pairs{''.join(', ' + fact for fact in facts)}; C {cost:g} | {plain.cells()} |", "",
             f"Calibration error {ours.calibration_error():.4f}. So that 95 of 100 are right, {ours.to_person():.4f} go to a person; with the "
             f"threshold that the learner found ({report['threshold']:.3f}), {below:.4f} do and {precision:.4f} of the others are right."]
    return ours, plain, lines, report
