"""How well a shipped network reads real handwriting: prints the table of the README, from the shipped files.

    DIGIT_LAB_DATA=../shared/data python -m tests.benchmarks.reading [RUN] [--part validation]

Test writers taught nothing and chose nothing: no weight, no epoch, no threshold, no recipe. `--part validation` shows
what was chosen on, with the reject scores that lost.
"""

import argparse
import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np

from model.data import catalog
from model.drawings import corpus
from model.drawings.negatives import random_negative
from model.evaluation.metrics import expected_calibration_error
from model.inference import rejection
from model.inference.classifier import Classifier
from model.inference.digit_reader import DigitReader
from model.inference.litert import Recognizer
from model.ink.render import Strokes, box_of, render
from model.runs.store import RunStore
from model.training.quiet import quiet_stderr

CUT = "syn"  # the contributor of whose characters some are cut
N_NUMBERS, N_SCRIBBLES = 2_000, 10_000
SURE = 0.9


class Bench:
    """One network and the drawings of one part of the writers."""

    def __init__(self, run_id: str, part: str):
        """Open the run and read the drawings. Ends the program where there are none."""
        self.run = RunStore().open_finished(run_id)
        with quiet_stderr():
            self.recognizer = Recognizer(self.run.network)
        self.reader = DigitReader(Classifier(self.run, self.recognizer))
        self.digits = corpus.load(corpus.DIGITS, part)
        self.letters = corpus.load(corpus.LETTERS, part)
        if not self.digits or not self.letters:
            sys.exit("There are no drawings; expected drawn-digits and drawn-letters in the folder of DIGIT_LAB_DATA.")
        self.labels = np.array([each.label for each in self.digits])
        self.of_digits = self.probabilities([each.strokes for each in self.digits])
        self.of_letters = self.probabilities([each.strokes for each in self.letters])
        self.right = self.of_digits[:, :10].argmax(axis=1) == self.labels

    def probabilities(self, drawn: list[Strokes]) -> np.ndarray:
        """Return `(n, classes)` for drawings, each rendered as the app does."""
        return self.recognizer.probabilities(np.stack([render(each) for each in drawn])[..., None])

    def table(self) -> list[tuple[str, str, int]]:
        """Return what was measured, the figure and n."""
        whole = np.array([each.writer.split("/")[0] != CUT for each in self.digits])
        accepted, refused = self.accepted_and_refused()
        confidence = self.of_digits[:, :10].max(axis=1)
        return [
            ("drawn digits, new writers, all", percent(self.right.mean()), len(self.right)),
            ("the same without the contributor of cut characters", percent(self.right[whole].mean()), int(whole.sum())),
            *((name, *rest) for name, *rest in self.reject_rows()[:1]),
            ("digits accepted at the shipped threshold", percent(accepted), len(self.digits)),
            ("letters refused at the shipped threshold", percent(refused), len(self.letters)),
            (
                "expected calibration error",
                percent(expected_calibration_error(self.right, confidence)),
                len(self.right),
            ),
            *self.number_rows(),
            *self.odd_rows(),
            *self.mnist_rows(),
            ("one drawing, strokes to answer, median ms", f"{self.milliseconds():.2f}", 1_000),
        ]

    def accepted_and_refused(self) -> tuple[float, float]:
        """Return the share of digits that the run's threshold accepts and of letters that it refuses."""
        above = self.run.calibration.rejection_threshold
        scores = (rejection.rejection_scores(each) for each in (self.of_digits, self.of_letters))
        digits, letters = scores
        return float((digits <= above).mean()), float((letters > above).mean())

    def reject_rows(self) -> list[tuple[str, str, int]]:
        """Return AUROC of each reject score, letters against digits, the shipped one first."""
        from sklearn.metrics import roc_auc_score

        both = np.concatenate([self.of_digits, self.of_letters])
        is_letter = np.arange(len(both)) >= len(self.of_digits)
        rows = []
        for name, score in REJECT_SCORES.items():
            area = roc_auc_score(is_letter, score(both))
            rows.append((f"AUROC, letters against digits: {name}", f"{area:.4f}", len(both)))
        return rows

    def number_rows(self) -> list[tuple[str, str, int]]:
        """Return how many numbers of two to four digits are read whole, with and without cut characters."""
        rows = []
        for name, pool in (
            ("numbers of 2-4 digits side by side", self.digits),
            ("the same without cut characters", [each for each in self.digits if each.writer.split("/")[0] != CUT]),
        ):
            rng = np.random.default_rng(0)
            numbers = [number(pool, rng) for _ in range(N_NUMBERS)]
            read = [self.reader.read_strokes(strokes, numbers=True).text == text for text, strokes in numbers]
            rows.append((name, percent(np.mean(read)), N_NUMBERS))
        return rows

    def odd_rows(self) -> list[tuple[str, str, int]]:
        """Return what is said to things that are no digit."""
        rng = np.random.default_rng(2)
        rows = []
        for name, make in SCRIBBLES.items():
            sure = self.probabilities([make(rng) for _ in range(N_SCRIBBLES)])[:, :10]
            over = sure.max(axis=1) > SURE
            ones = int((sure.argmax(axis=1)[over] == 1).sum())
            rows.append((f"{name}: called a digit with over 0.9", f"{over.sum()}, {ones} of them a 1", N_SCRIBBLES))
        for name, strokes in ODD.items():
            reading = self.reader.read_strokes(strokes)
            told = f"{reading.text or 'nothing'}, doubt {reading.rejection_score:.3f}"
            rows.append((name, told + (", accepted" if reading.accepted else ", refused"), 1))
        return rows

    def mnist_rows(self) -> list[tuple[str, str, int]]:
        """Return the accuracy on MNIST's test images: of all answers, and of the best of the ten digits."""
        mnist = catalog.load("mnist")
        said = self.recognizer.probabilities(mnist.x_test)
        rows = [("MNIST test", percent((said.argmax(axis=1) == mnist.y_test).mean()), len(said))]
        best = percent((said[:, :10].argmax(axis=1) == mnist.y_test).mean())
        return [*rows, ("MNIST test, best of the ten digits", best, len(said))]

    def milliseconds(self) -> float:
        """Return the median time from strokes to an answer, on one thread."""
        took = []
        for each in self.digits[:1_000]:
            strokes = [line.tolist() for line in each.strokes]
            begin = perf_counter()
            self.reader.read_strokes(strokes)
            took.append(perf_counter() - begin)
        return 1e3 * float(np.median(took))


def percent(share: float) -> str:
    """Return a share as a percentage with two digits."""
    return f"{100 * share:.2f} %"


def number(digits: list[corpus.Drawing], rng: np.random.Generator) -> tuple[str, Strokes]:
    """Return two to four drawn digits side by side, by one writer or by several, gaps from -5 to 30 % of the height."""
    first = digits[rng.integers(len(digits))]
    pool = [each for each in digits if each.writer == first.writer] if rng.random() < 0.5 else digits
    chosen = [pool[index] for index in rng.integers(len(pool), size=rng.integers(2, 5))]
    height, x, strokes = rng.uniform(60, 110), 20.0, []
    for each in chosen:
        left, top, right, bottom = box_of(each.strokes)
        scale = height * rng.uniform(0.85, 1.15) / max(bottom - top, (right - left) / 1.3, 1)
        corner = np.array([x, 100 + rng.uniform(-0.06, 0.06) * height])
        strokes += [(line - (left, top)) * scale + corner for line in each.strokes]
        x += (right - left) * scale + rng.uniform(-0.05, 0.3) * height
    return "".join(str(each.label) for each in chosen), Strokes(strokes)


def jumps(rng: np.random.Generator) -> list[np.ndarray]:
    """Return five to forty random points, joined."""
    return [rng.uniform(20, 260, (rng.integers(5, 41), 2))]


def wandering(rng: np.random.Generator) -> list[np.ndarray]:
    """Return one to five Brownian paths."""
    return [140 + np.cumsum(rng.normal(0, 12, (rng.integers(20, 120), 2)), axis=0) for _ in range(rng.integers(1, 6))]


REJECT_SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "no digit": rejection.rejection_scores,
    "1 - best digit": lambda p: 1 - p[:, :10].max(axis=1),
    "entropy": lambda p: -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1),
    "second best": lambda p: np.sort(p, axis=1)[:, -2],
}
SCRIBBLES = {
    "random points": jumps,
    "Brownian paths": wandering,
    "scribbles like those it was taught": random_negative,
}
ODD = {
    "blank": [],
    "one dot": [[[140, 140]]],
    "upright line": [[[140, 60], [140, 220]]],
    "flat line": [[[60, 140], [220, 140]]],
    "filled square": [[[80 + 140 * (i % 2), 80 + 3 * i] for i in range(48)]],
    "plus": [[[140, 60], [140, 220]], [[60, 140], [220, 140]]],
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure how well a run reads real handwriting.")
    parser.add_argument("run", nargs="?", default="deep")
    parser.add_argument("--part", default=corpus.TEST, choices=(corpus.VALIDATION, corpus.TEST))
    chosen = parser.parse_args()
    bench = Bench(chosen.run, chosen.part)
    rows = bench.table() + (bench.reject_rows()[1:] if chosen.part == corpus.VALIDATION else [])
    print(f"| {chosen.run}, {chosen.part} writers | measured | n |\n|---|---|---|")
    for name, figure, n in rows:
        print(f"| {name} | {figure} | {n:,} |")


if __name__ == "__main__":
    main()
