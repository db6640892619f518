"""Measure how well a shipped network reads real handwriting: prints the table in docs/measurements.md.

    DIGIT_LAB_DATA=../shared/data python -m tests.benchmarks.reading [RUN] [--part validation]

Nothing was trained or chosen on the test writers' drawings: no weights, no epoch, no threshold, no recipe. All choices
were made on `--part validation`, which also shows the rejection scores that lost.
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

SYMBOLS = "+=#%&@?*"
CUT = "syn"  # the contributor some of whose characters are cut off
N_NUMBERS, N_SCRIBBLES = 2_000, 10_000
HIGH_CONFIDENCE = 0.9


class Bench:
    """One network and the drawings by one part of the writers."""

    def __init__(self, run_id: str, part: str):
        """Open the run and load the drawings. Exits if there are none."""
        self.run = RunStore().open_finished(run_id)
        with quiet_stderr():
            self.recognizer = Recognizer(self.run.network)
        self.reader = DigitReader(Classifier(self.run, self.recognizer))
        self.digits = corpus.load(corpus.DIGITS, part)
        self.letters = corpus.load(corpus.LETTERS, part)
        if not self.digits or not self.letters:
            sys.exit("No drawings found. Put drawn-digits and drawn-letters into the folder in DIGIT_LAB_DATA.")
        self.characters = [
            each
            for each in corpus.load(corpus.CHARACTERS, part)
            if each.label not in corpus.LIKE_DIGITS | corpus.SOMETIMES_LIKE_DIGITS
        ]
        self.labels = np.array([each.label for each in self.digits])
        self.of_digits = self.probabilities([each.strokes for each in self.digits])
        self.of_letters = self.probabilities([each.strokes for each in self.letters])
        self.correct = self.of_digits[:, :10].argmax(axis=1) == self.labels

    def probabilities(self, drawn: list[Strokes]) -> np.ndarray:
        """Return the probabilities `(n, classes)` of drawings, rendered in the same way as in the app."""
        return self.recognizer.probabilities(np.stack([render(each) for each in drawn])[..., None])

    def table(self) -> list[tuple[str, str, int]]:
        """Return the name, the value and n of each measurement."""
        uncut = np.array([each.writer.split("/")[0] != CUT for each in self.digits])
        accepted, rejected = self.accepted_and_rejected()
        confidence = self.of_digits[:, :10].max(axis=1)
        return [
            ("accuracy on drawn digits, new writers", percent(self.correct.mean()), len(self.correct)),
            ("the same, without cut-off characters", percent(self.correct[uncut].mean()), int(uncut.sum())),
            *self.rejection_rows()[:1],
            ("digits accepted at the shipped threshold", percent(accepted), len(self.digits)),
            ("letters rejected at the shipped threshold", percent(rejected), len(self.letters)),
            *self.character_rows(),
            (
                "expected calibration error",
                percent(expected_calibration_error(self.correct, confidence)),
                len(self.correct),
            ),
            *self.number_rows(),
            *self.non_digit_rows(),
            *self.mnist_rows(),
            ("one drawing, from strokes to prediction, median ms", f"{self.milliseconds():.2f}", 1_000),
        ]

    def accepted_and_rejected(self) -> tuple[float, float]:
        """Return the share of digits accepted and the share of letters rejected at the run's threshold."""
        threshold = self.run.calibration.rejection_threshold
        digits, letters = (rejection.is_accepted(each, threshold) for each in (self.of_digits, self.of_letters))
        return float(digits.mean()), float(1 - letters.mean())

    def character_rows(self) -> list[tuple[str, str, int]]:
        """Return how many letters and symbols that can't be confused are rejected if 99% of the digits are accepted."""
        if not self.characters:
            return []
        threshold = np.quantile(rejection.rejection_scores(self.of_digits), 0.99)
        scores = rejection.rejection_scores(self.probabilities([each.strokes for each in self.characters]))
        symbols = np.array([each.label in SYMBOLS for each in self.characters])
        shipped = scores > self.run.calibration.rejection_threshold
        return [
            ("letters and symbols rejected, 99% of digits accepted", percent((scores > threshold).mean()), len(scores)),
            (
                f"{' '.join(SYMBOLS)} rejected, 99% of digits accepted",
                percent((scores > threshold)[symbols].mean()),
                int(symbols.sum()),
            ),
            ("letters and symbols rejected at the shipped threshold", percent(shipped.mean()), len(scores)),
            (
                f"{' '.join(SYMBOLS)} rejected at the shipped threshold",
                percent(shipped[symbols].mean()),
                int(symbols.sum()),
            ),
        ]

    def rejection_rows(self) -> list[tuple[str, str, int]]:
        """Return the AUROC of each rejection score, letters against digits, the shipped score first."""
        from sklearn.metrics import roc_auc_score

        both = np.concatenate([self.of_digits, self.of_letters])
        is_letter = np.arange(len(both)) >= len(self.of_digits)
        rows = []
        for name, score in REJECTION_SCORES.items():
            area = roc_auc_score(is_letter, score(both))
            rows.append((f"AUROC, letters against digits: {name}", f"{area:.4f}", len(both)))
        return rows

    def number_rows(self) -> list[tuple[str, str, int]]:
        """Return how many numbers of two to four digits are read correctly, with and without cut-off characters."""
        rows = []
        for name, pool in (
            ("numbers of 2-4 digits read correctly", self.digits),
            (
                "the same, without cut-off characters",
                [each for each in self.digits if each.writer.split("/")[0] != CUT],
            ),
        ):
            rng = np.random.default_rng(0)
            numbers = [number(pool, rng) for _ in range(N_NUMBERS)]
            read = [self.reader.read_strokes(strokes, numbers=True).text == text for text, strokes in numbers]
            rows.append((name, percent(np.mean(read)), N_NUMBERS))
        return rows

    def non_digit_rows(self) -> list[tuple[str, str, int]]:
        """Return the predictions for drawings that aren't digits."""
        rng = np.random.default_rng(2)
        rows = []
        for name, make in SCRIBBLES.items():
            probabilities = self.probabilities([make(rng) for _ in range(N_SCRIBBLES)])[:, :10]
            confident = probabilities.max(axis=1) > HIGH_CONFIDENCE
            ones = int((probabilities.argmax(axis=1)[confident] == 1).sum())
            rows.append(
                (f"{name}: read as a digit, confidence over 90%", f"{confident.sum()}, {ones} as 1", N_SCRIBBLES)
            )
        for name, strokes in NON_DIGITS.items():
            reading = self.reader.read_strokes(strokes)
            figure = f"{reading.text or 'nothing'}, rejection score {reading.rejection_score:.3f}"
            rows.append((name, figure + (", accepted" if reading.accepted else ", rejected"), 1))
        return rows

    def mnist_rows(self) -> list[tuple[str, str, int]]:
        """Return the accuracy on MNIST's test images: with all classes, and with the ten digits only."""
        mnist = catalog.load("mnist")
        probabilities = self.recognizer.probabilities(mnist.x_test)
        n = len(probabilities)
        return [
            ("MNIST test", percent((probabilities.argmax(axis=1) == mnist.y_test).mean()), n),
            ("MNIST test, ten digits only", percent((probabilities[:, :10].argmax(axis=1) == mnist.y_test).mean()), n),
        ]

    def milliseconds(self) -> float:
        """Return the median time from strokes to a prediction, on one thread."""
        times = []
        for each in self.digits[:1_000]:
            strokes = [line.tolist() for line in each.strokes]
            begin = perf_counter()
            self.reader.read_strokes(strokes)
            times.append(perf_counter() - begin)
        return 1e3 * float(np.median(times))


def percent(share: float) -> str:
    """Return a share as a percentage with two decimal places."""
    return f"{100 * share:.2f}%"


def number(digits: list[corpus.Drawing], rng: np.random.Generator) -> tuple[str, Strokes]:
    """Return two to four drawn digits side by side, by one or several writers, with gaps of -5 to 30% of the height."""
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
    """Return five to forty random points, joined by lines."""
    return [rng.uniform(20, 260, (rng.integers(5, 41), 2))]


def wandering(rng: np.random.Generator) -> list[np.ndarray]:
    """Return one to five Brownian paths."""
    return [140 + np.cumsum(rng.normal(0, 12, (rng.integers(20, 120), 2)), axis=0) for _ in range(rng.integers(1, 6))]


REJECTION_SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "not a digit": rejection.rejection_scores,
    "1 - best digit": lambda p: 1 - p[:, :10].max(axis=1),
    "entropy": lambda p: -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1),
    "second best": lambda p: np.sort(p, axis=1)[:, -2],
}
SCRIBBLES = {
    "random points": jumps,
    "Brownian paths": wandering,
    "scribbles like those it was trained on": random_negative,
}
NON_DIGITS = {
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
    rows = bench.table() + (bench.rejection_rows()[1:] if chosen.part == corpus.VALIDATION else [])
    print(f"| {chosen.run}, {chosen.part} writers | measured | n |\n|---|---|---|")
    for name, figure, n in rows:
        print(f"| {name} | {figure} | {n:,} |")


if __name__ == "__main__":
    main()
