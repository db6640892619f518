"""The options of a search: its methods, and the arguments of the command `tune`.

Imports little, because every start of the command line, and so of each worker, imports it.
"""

import argparse

from model.tuning.space import NAMES

SAMPLERS = ("grid", "random", "tpe")
PRUNERS = ("none", "median")
OBJECTIVES = ("accuracy", "loss")  # on the validation images
TRIALS = 12  # by default


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a search; those of the training are the caller's."""
    add = parser.add_argument
    add(
        "--vary",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME[=VALUES]",
        help=f"what varies: NAME=LOW:HIGH[:log] or NAME=A,B,C, with one of {', '.join(NAMES)} (default: learning_rate)",
    )
    add("--trials", type=int, default=TRIALS, help="number of trainings (default: %(default)s)")
    add("--minutes", type=float, default=0.0, help="start no training after this time")
    add("--sampler", choices=SAMPLERS, default="tpe", help="how values are chosen (default: tpe)")
    add("--pruner", choices=PRUNERS, default="median", help="stop bad trials early (default: median)")
    add(
        "--objective",
        choices=OBJECTIVES,
        default="accuracy",
        help="on the validation images, never the test images (default: accuracy)",
    )
    add("--resume", metavar="SEARCH", default=None, help="continue a search that was interrupted")
