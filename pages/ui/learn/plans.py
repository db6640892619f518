"""Two plans of the lesson, as data: which steps, how many minutes each, and what pupils do meanwhile.

The minutes of a step stand nowhere else.
"""

from dataclasses import dataclass

from model.messages import N_
from pages.ui.learn.steps import BUILD, CONVOLUTION, DRAW, MISTAKES, PIXELS, POOLING, TRAIN

OPENING, CLOSING = "opening", "closing"


@dataclass(frozen=True)
class Slot:
    """A part of a lesson: a step, the opening or the closing."""

    name: str
    minutes: int
    pupils: str  # what they do meanwhile


@dataclass(frozen=True)
class Plan:
    """A lesson of so many minutes."""

    minutes: int
    title: str
    slots: tuple[Slot, ...]
    leave_out: tuple[str, ...]
    note: str = ""

    def minutes_of(self, name: str) -> int:
        """Return how long a step takes; 0 if the plan leaves it out."""
        return sum(slot.minutes for slot in self.slots if slot.name == name)


OTHER_SLOTS = {OPENING: N_("Opening"), CLOSING: N_("Closing")}

PLANS = (
    Plan(
        45,
        N_("45 minutes"),
        (
            Slot(OPENING, 4, N_("Write a 7 on paper, hold it up, and compare: what do all the sevens have in common?")),
            Slot(PIXELS, 5, N_("Open the link, read the numbers of some pixels, predict, and compare.")),
            Slot(CONVOLUTION, 9, N_("Check one output by hand in pairs, then try other kernels and weights.")),
            Slot(POOLING, 4, N_("Predict, then point at a square and name the number that was kept.")),
            Slot(TRAIN, 9, N_("Vote by a show of hands, then find the point where the orange curve turns.")),
            Slot(MISTAKES, 6, N_("Vote for an image, then read two cells of the matrix as sentences.")),
            Slot(DRAW, 5, N_("Draw digits that are hard to read, and note which network fails first.")),
            Slot(CLOSING, 3, N_("Write one sentence: what would you tell a friend about how a computer reads a 7?")),
        ),
        (
            N_("Build. One sentence replaces it: layers like these are stacked, and training finds all their weights."),
            N_("Stride and padding in the playground."),
            N_("The links “Try it yourself”: they make good homework."),
        ),
    ),
    Plan(
        90,
        N_("90 minutes"),
        (
            Slot(OPENING, 5, N_("Write a 7 on paper, hold it up, and compare: what do all the sevens have in common?")),
            Slot(PIXELS, 8, N_("Read the numbers of some pixels, predict, and answer the question in pairs.")),
            Slot(CONVOLUTION, 16, N_("Check two outputs by hand in pairs, then find weights for a diagonal stroke.")),
            Slot(POOLING, 8, N_("Pool a grid of four by four numbers on paper, then try a stride of 2 and padding.")),
            Slot(
                BUILD,
                10,
                N_("Guess before each change whether the network grows or shrinks, then halve its parameters."),
            ),
            Slot(
                TRAIN,
                18,
                N_("Vote, compare the curves, then train in groups: one with a learning rate of 2, others lower."),
            ),
            Slot(MISTAKES, 11, N_("Vote, read the matrix, then calculate with the postcodes of five digits.")),
            Slot(DRAW, 9, N_("Draw digits that are hard to read, then discuss where a person must check.")),
            Slot(
                CLOSING,
                5,
                N_("Explain to each other a convolution, pooling and a confusion matrix, in your own words."),
            ),
        ),
        (
            N_("If time runs short: stride and padding in step 3, then the second training in step 5."),
            N_("Search for better settings on the Tune page: that is a lesson of its own."),
        ),
        N_("A good place for a break is after Build."),
    ),
)
