"""The seven steps of the lesson as data: all their texts, in the order of the lesson. Draws and computes nothing.

A term of the glossary is written `[[Entry]]` or `[[Entry|as in the sentence]]` where the lesson uses it first:
`pages.ui.components.term_text` shows it in bold and opens its explanation. The placeholders of `result` are the figures
that the app computes for a step's question: see `answers`.
"""

from dataclasses import dataclass

from model.messages import N_

PIXELS, CONVOLUTION, POOLING, BUILD, TRAIN, MISTAKES, DRAW = (
    "pixels",
    "convolution",
    "pooling",
    "build",
    "train",
    "mistakes",
    "draw",
)


@dataclass(frozen=True)
class Step:
    """One step: what it explains, one thing to do, and one question to answer before the app shows the answer."""

    name: str  # in the address, so it never changes
    label: str  # in the stepper
    title: str
    text: str
    task: str  # shown with the instrument once the question is answered
    question: str
    options: tuple[str, ...]
    result: str
    why: str
    page: str  # where to go on trying
    invitation: str  # the link to it


STEPS = (
    Step(
        PIXELS,
        N_("Pixels"),
        N_("An image is a grid of numbers"),
        N_(
            "You see a digit. The computer gets 28 × 28 = 784 numbers, one for each [[Pixel|pixel]]: 0 is black, 255 "
            "is white, and the greys are in between. Point at the image, or walk over it with the arrow keys."
        ),
        N_("Orange frames mark the pixels that are different. Find one in the middle of the digit that isn't."),
        N_("Now the whole digit moves one pixel to the right. How many of the 784 numbers change?"),
        (N_("None: it is still the same digit"), N_("About 10"), N_("More than 100")),
        N_("{n} of the {total} numbers are different."),
        N_(
            "Compared number by number, these are two very different images, so a network looks for small patterns "
            "instead, wherever they are."
        ),
        "pages/draw.py",
        N_("Draw a digit and see its 784 pixels"),
    ),
    Step(
        CONVOLUTION,
        N_("Convolution"),
        N_("One small pattern, searched everywhere"),
        N_(
            "A [[Convolution|convolution]] slides a small grid of [[Weights|weights]], the [[Kernel|kernel]], over the "
            "image. Nine pixels times nine weights, added up, give one number of the output: the larger it is, the "
            "better the pattern fits there. Point at the output to see the nine products."
        ),
        N_("Choose other kernels, or change a weight. Then draw your own digit: which kernel finds its edges?"),
        N_(
            "This kernel responds to vertical edges, and the digit is a 1. We turn the kernel, so that it responds to "
            "horizontal edges. What happens to the output as a whole?"
        ),
        (N_("It gets brighter"), N_("It stays as bright as it is"), N_("It gets darker")),
        N_(
            "The positive outputs add up to {vertical} with the vertical kernel, and to {horizontal} with the "
            "horizontal one."
        ),
        N_(
            "A kernel responds only where the image has its pattern, and a 1 has few horizontal edges; a network "
            "learns dozens of kernels, each for another pattern."
        ),
        "pages/draw.py",
        N_("See what the kernels of a trained network find"),
    ),
    Step(
        POOLING,
        N_("Pooling"),
        N_("Keep the strongest response"),
        N_(
            "First, [[ReLU]] turns every negative output into 0: the pattern isn't there. Then [[Max pooling|max "
            "pooling]] takes each square of 2 × 2 outputs and keeps only the largest of the four."
        ),
        N_(
            "Point at the pooled output: which of the four numbers was kept? Then try a [[Stride|stride]] of 2, or "
            "[[Padding|padding]], and see how the sizes change."
        ),
        N_("The output below has 26 × 26 = 676 numbers. How many are left after max pooling?"),
        ("338", "169", "26"),
        N_("{n} are left: {side} × {side}."),
        N_(
            "Half the width and half the height make a quarter: there is less to compute, and it matters less exactly "
            "where a pattern was found. Nobody writes a digit in the same place twice."
        ),
        "pages/draw.py",
        N_("See the pooling of a trained network"),
    ),
    Step(
        BUILD,
        N_("Build"),
        N_("Stack the layers"),
        N_(
            "A network is a stack of [[Layer|layers]]. Convolutions find patterns, pooling shrinks their outputs, and "
            "a [[Dense layer|dense layer]] of [[Neuron|neurons]] combines them. The last layer gives each digit a "
            "[[Probability|probability]]. Training has to find the network's [[Parameters|parameters]]: all the "
            "weights, and one number that each kernel and each neuron adds to its sum."
        ),
        N_("Turn pooling off, or change the numbers. What makes the network large?"),
        N_("This is the classroom network. Which of its layers has the most parameters?"),
        (
            N_("The first convolution, 32 kernels"),
            N_("The second convolution, 64 kernels"),
            N_("The dense layer, 128 neurons"),
        ),
        N_("{answer}: it has {n} of the {total} parameters."),
        N_(
            "A kernel uses the same few weights at every position, even those of the second convolution, which look at "
            "all 32 outputs of the first one. A neuron has a weight of its own for every number it gets."
        ),
        "pages/train.py",
        N_("Train this network"),
    ),
    Step(
        TRAIN,
        N_("Train"),
        N_("Learn from examples"),
        N_(
            "At first all weights are random. The network predicts a [[Batch|batch]] of images, the [[Loss|loss]] "
            "measures how wrong it is, and every weight moves a little, so that the loss gets smaller. Once through "
            "all [[Training set|training images]] is an [[Epoch|epoch]]. Here the same network was trained in three "
            "ways. With [[Augmentation|augmentation]], every image is rotated and shifted a little each time."
        ),
        N_("Compare the curves, and what the three make of the same digits."),
        N_(
            "The third network gets all of its 200 training images right. How many of {n_test} new images will it get "
            "wrong?"
        ),
        (
            N_("None: it has learned perfectly"),
            N_("About as many as the first network"),
            N_("Clearly more than the first network"),
        ),
        N_("It gets {overfitted} wrong, the first network {good}, and the one with augmentation {augmented}."),
        N_(
            "It has memorized its 200 images instead of learning what all digits have in common, which is called "
            "[[Overfitting|overfitting]]: its training loss is almost 0, while its loss on the "
            "[[Validation set|validation set]], images that it isn't trained on, has begun to rise."
        ),
        "pages/train.py",
        N_("What does a learning rate of 2 do to the loss?"),
    ),
    Step(
        MISTAKES,
        N_("Mistakes"),
        N_("See where it fails"),
        N_(
            "The [[Test set|test set]] contains images that the network has never seen, so it shows how good the "
            "network really is. A [[Confusion matrix|confusion matrix]] sorts them: a row for each true digit, a "
            "column for each predicted one. The diagonal counts right answers; every other number counts one kind of "
            "mistake."
        ),
        N_("Click a number outside the diagonal, or choose one in the list, to see its images."),
        N_("The network that was trained on 200 images gets one of these three wrong. Which one?"),
        (N_("Image A"), N_("Image B"), N_("Image C")),
        N_("Image {letter} shows the digit {true}. The network reads it as {predicted} and is {confidence} sure."),
        N_(
            "The [[Confidence|confidence]] only says how well an image fits what the network has learned, so a "
            "confident answer can be wrong."
        ),
        "pages/evaluate.py",
        N_("Find all its mistakes"),
    ),
    Step(
        DRAW,
        N_("Draw"),
        N_("Now it is your handwriting"),
        N_(
            "A drawing goes the same way: 784 pixels, convolutions, pooling, a dense layer, ten probabilities. The "
            "digit with the highest one is the [[Prediction|prediction]]. The network of the Draw page was also "
            "trained on letters and scribbles."
        ),
        N_("Draw a digit, small or tilted if you like, and see what the four networks make of it."),
        N_("Somebody draws this star. What does the network of the Draw page answer?"),
        (N_("The digit that looks most like it"), N_('A "?": it isn\'t a digit'), N_("Two digits, as it is unsure")),
        N_('It answers "{deep}". The three networks of this lesson answer "{good}", "{augmented}" and "{overfitted}".'),
        N_(
            "A network can only give the answers it was trained to give, and this one has an answer for anything that "
            "is [[Not a digit|not a digit]]."
        ),
        "pages/draw.py",
        N_("Draw on the large canvas"),
    ),
)
BY_NAME = {step.name: step for step in STEPS}

# The instruments
MOVED = N_("The same digit, one pixel further to the right")
NETWORKS = {
    "good": (N_("Good"), N_("{n} images, {epochs} epochs")),
    "augmented": (N_("Augmented"), N_("the same, varied, {epochs} epochs")),
    "overfitted": (N_("Overfitted"), N_("only {n} images, {epochs} epochs")),
}
ONLY_TRAINING = N_("Blue: loss on the training images. The loss on other images follows after your answer.")
BOTH_CURVES = N_("Blue: loss on the training images. Orange, with diamonds: loss on the validation images.")
REMEDIES = N_(
    "What helps against overfitting: more images, augmentation, [[Dropout|dropout]], or stopping before the orange "
    "curve rises."
)
SAME_DIGITS = N_("Below: tilted drawings, and test images on which the three disagree. ✓ right, ✗ wrong.")
MATRIX_TITLE = N_("The confusion matrix of the network that was trained on 200 images:")
FINISHED = N_(
    "That was the way from 784 pixels to a digit: convolutions find patterns, pooling keeps the strongest, a dense "
    "layer combines them, and training finds the weights."
)
