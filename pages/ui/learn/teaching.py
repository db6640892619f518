"""How to teach each step of the lesson, as data. Draws and computes nothing.

The teacher's view and the printed handout show all of it; `plans` has the minutes.
"""

from dataclasses import dataclass

from model.messages import N_
from pages.ui.learn.steps import BUILD, CONVOLUTION, DRAW, MISTAKES, PIXELS, POOLING, TRAIN


@dataclass(frozen=True)
class Misconception:
    """Something that pupils often believe, and how to answer it."""

    belief: str
    answer: str


@dataclass(frozen=True)
class Notes:
    """What a teacher needs for one step."""

    aim: str
    say: tuple[str, ...]  # paragraphs to read aloud
    misconceptions: tuple[Misconception, ...]
    question: str  # to the class, after the one on the page
    hoped_for: str
    parts: tuple[str, ...]  # of the pages that pupils need for this step, besides the step itself: see `shell.parts`


NOTES = {
    PIXELS: Notes(
        N_(
            "Pupils can explain that a computer gets an image as a grid of numbers, and why comparing two images "
            "number by number doesn't work."
        ),
        (
            N_(
                "You recognize this digit at once, and you couldn't say how you do it. The computer doesn't see a "
                "digit. It gets 784 numbers in 28 rows: 0 is black, 255 is white, and the greys are in between."
            ),
            N_(
                "Point at a few pixels and read their numbers aloud. Then make a prediction: if the whole digit moves "
                "one pixel to the right, how many of the 784 numbers change? First answer, then look."
            ),
            N_(
                "For us it's still the same digit. For the computer, hundreds of numbers are different. So it needs "
                "something better than comparing number with number."
            ),
        ),
        (
            Misconception(
                N_("The computer sees the picture just as I do."),
                N_(
                    "Cover the image and look at the numbers in the magnifier only. Could you tell which digit they "
                    "belong to? Numbers are all the computer has."
                ),
            ),
            Misconception(
                N_("It compares my digit with pictures that it has stored."),
                N_(
                    "Then moving the digit by one pixel would be enough to confuse it. A network stores no pictures, "
                    "only weights. The next step shows what it does with them."
                ),
            ),
        ),
        N_("Somebody writes the same 3 with a thicker pen. Why can't a computer simply see that it's the same digit?"),
        N_(
            "Most of the numbers in and around the digit are different, although its shape is the same. What we need "
            "is something that describes the shape: edges, corners and curves."
        ),
        (),
    ),
    CONVOLUTION: Notes(
        N_(
            "Pupils can calculate one output of a convolution by hand, and explain that a kernel responds where the "
            "image has its pattern."
        ),
        (
            N_(
                "A kernel is a small grid of nine numbers, its weights. We lay it on the image, multiply each pixel "
                "by the weight on top of it, and add up the nine products. That is one number of the output. Then the "
                "kernel moves on by one pixel."
            ),
            N_(
                "Let's check one together. I point at a place in the output; you calculate the nine products and "
                "their sum. White means that the pattern fits well here, black that it isn't here, and blue that the "
                "opposite is here."
            ),
            N_(
                "Now predict. This digit is a 1, and the kernel finds vertical edges. What happens if we turn it, so "
                "that it finds horizontal edges?"
            ),
        ),
        (
            Misconception(
                N_("Somebody programmed the kernels."),
                N_(
                    "People wrote the first four in the list. The last one was learned by a network: before "
                    "training, its nine weights were random."
                ),
            ),
            Misconception(
                N_("The output is a picture of the digit, only worse."),
                N_(
                    "It's a map. Each of its numbers says how well the pattern fits at that place. Another kernel "
                    "gives another map of the same digit."
                ),
            ),
            Misconception(
                N_("A negative number means that something went wrong."),
                N_(
                    "It means that the opposite is there: dark where the kernel expects light. Switch on ReLU, and "
                    "all negative numbers become 0."
                ),
            ),
        ),
        N_("Which nine weights would find a diagonal stroke? Try them out."),
        N_(
            "Positive weights on the diagonal and negative ones beside it, for example 2 on the diagonal and −1 "
            "everywhere else. They add up to 0, so an area of a single grey gives 0."
        ),
        ("image", "kernel", "walk"),
    ),
    POOLING: Notes(
        N_("Pupils can apply ReLU and max pooling to a small grid by hand, and say what is lost and what is gained."),
        (
            N_(
                "One kernel gives us 676 numbers, and a network has dozens of kernels. That's more than we need. "
                "First ReLU: every negative number becomes 0, because the pattern isn't there."
            ),
            N_(
                "Then we divide the output into squares of four numbers, and only the largest of the four goes on. "
                "Predict: 676 numbers go in. How many come out?"
            ),
            N_("Point at a square of the pooled output, and tell your neighbour which of the four numbers was kept."),
        ),
        (
            Misconception(
                N_("Pooling takes the average of the four numbers."),
                N_(
                    "Max pooling keeps the largest one and forgets the others. Point at a square and check it. An "
                    "average would weaken a strong response."
                ),
            ),
            Misconception(
                N_("What we throw away makes the network worse."),
                N_(
                    "We lose exactly where a pattern was, but not whether it was there. That helps: nobody writes "
                    "a digit in exactly the same place twice."
                ),
            ),
            Misconception(
                N_("ReLU and pooling learn as well."),
                N_(
                    "They have no weights, so there is nothing to learn. They are fixed rules, the same in every "
                    "network."
                ),
            ),
        ),
        N_("Why is it good that pooling forgets exactly where a pattern was?"),
        N_(
            "Because the place says little about which digit it is. A 7 is a 7 wherever we write it, so the network "
            "should respond to it in nearly the same way."
        ),
        ("image", "relu", "pooling", "walk"),
    ),
    BUILD: Notes(
        N_(
            "Pupils can name the layers of a network in the right order, explain what a parameter is, and find the "
            "layer with the most."
        ),
        (
            N_(
                "Now we stack what we know: convolution, pooling, convolution, pooling. The second convolution doesn't "
                "look at pixels any more. It looks at the responses of the first one, so it can find larger patterns, "
                "such as corners and curves."
            ),
            N_(
                "At the end, a dense layer combines everything, and the last layer gives ten probabilities, one for "
                "each digit. Together they make 100%."
            ),
            N_(
                "Each weight is a number that training has to find. This small network has more than 200,000 of them. "
                "Predict: which layer has the most?"
            ),
        ),
        (
            Misconception(
                N_("A neuron is a brain cell, so a network thinks."),
                N_(
                    "A neuron multiplies, adds up and sets negative sums to 0. You could do its work with pencil and "
                    "paper; you would only need a lot of time. The name is all that it has from biology."
                ),
            ),
            Misconception(
                N_("The larger the network, the better it is."),
                N_(
                    "A larger network needs more time and more images, and it can learn more of them by heart. The "
                    "next step shows what happens then."
                ),
            ),
            Misconception(
                N_("The programmer decides what each kernel looks for."),
                N_("People decide how many kernels there are. What each of them looks for is the result of training."),
            ),
        ),
        N_("Switch pooling off. What happens to the number of parameters, and why?"),
        N_(
            "It gets many times larger. Without pooling, far more numbers reach the dense layer, and each of its "
            "neurons needs one weight for each of them."
        ),
        ("layers",),
    ),
    TRAIN: Notes(
        N_(
            "Pupils can describe training as a loop of predicting, measuring and correcting, and recognize "
            "overfitting in the curves."
        ),
        (
            N_(
                "At first all weights are random, and so are the predictions. Then the loop begins. The network "
                "classifies a few images, the loss measures how wrong it was, and each weight changes a tiny bit, so "
                "that the loss gets smaller. Then the next images, again and again. Nobody tells the network what a 3 "
                "looks like."
            ),
            N_(
                "Here are three trainings of the same network. The third one saw only 200 images, but each of them 60 "
                "times, and it gets them all right. Predict: how well will it do with new images?"
            ),
            N_(
                "It's like preparing for a test. If you learned last year's answers by heart, you would get full marks "
                "in last year's test, and be lost in this year's."
            ),
        ),
        (
            Misconception(
                N_("More epochs are always better."),
                N_(
                    "Follow the orange curve of the third network. It falls at first, then it rises, while the blue "
                    "one stays near 0. From that point on, the network only learned its own images by heart. That was "
                    "the moment to stop."
                ),
            ),
            Misconception(
                N_("If it gets all training images right, it has learned everything."),
                N_(
                    "It means that it knows these images. Only images that it has never seen show what it has "
                    "learned, and that's why we keep some of them back."
                ),
            ),
            Misconception(
                N_("A higher learning rate makes it learn faster."),
                N_(
                    "Only up to a point. With a learning rate of 2, each correction is so large that it jumps past "
                    "the goal. Try it: the loss doesn't go down."
                ),
            ),
        ),
        N_("Your network gets all its training images right, but many new ones wrong. What would you do?"),
        N_(
            "Give it more images, or vary them by augmentation. Stop the training earlier, or use dropout. Training it "
            "for longer doesn't help."
        ),
        ("try", "start", "rate", "curves"),
    ),
    MISTAKES: Notes(
        N_(
            "Pupils can read a confusion matrix, and explain why neither a high accuracy nor a high confidence is a "
            "promise."
        ),
        (
            N_(
                "The test set is the network's exam: images that it has never seen. The accuracy tells us how many it "
                "gets right. It doesn't tell us which mistakes it makes; for that we need the confusion matrix."
            ),
            N_(
                "Each row stands for a true digit, and each column for what the network took it for. On the diagonal, "
                "everything is right. Choose a number beside the diagonal, and read it aloud as a sentence: “Four "
                "eights were taken for ones.”"
            ),
            N_(
                "Predict: the network that was trained on 200 images gets one of these three wrong. Which one? And "
                "how sure will it be?"
            ),
        ),
        (
            Misconception(
                N_("A confident answer is a right answer."),
                N_(
                    "Look at the image that it got wrong, and at how sure it was. Confidence says how well an image "
                    "fits what the network has learned. It says nothing about the truth."
                ),
            ),
            Misconception(
                N_("The test accuracy is a promise."),
                N_(
                    "It holds for images like those of the test set. With another pen, other people or a bad photo, it "
                    "can be much lower. In the next step you'll try your own handwriting."
                ),
            ),
            Misconception(
                N_("A mistake is a bug in the program."),
                N_(
                    "The program does exactly what it should. The weights don't fit this image, because the training "
                    "images weren't like it. Better examples help, not debugging."
                ),
            ),
        ),
        N_(
            "A post office reads postcodes of five digits. Its network gets 96 of 100 digits right. Is that good "
            "enough?"
        ),
        N_(
            "No. 0.96 multiplied by itself five times is 0.82, so nearly one postcode in five has a wrong digit. A "
            "person should check those of which the network isn't sure, and even that doesn't find all of them."
        ),
        ("cells",),
    ),
    DRAW: Notes(
        N_("Pupils test the network with their own handwriting, and can explain what it can answer and what it can't."),
        (
            N_(
                "Now it's your handwriting. Draw a digit, then a tiny one, a tilted one, a very thin one. Which of the "
                "four networks fails first?"
            ),
            N_(
                "Nothing new happens here: 784 numbers, kernels, pooling, a dense layer, ten probabilities. The "
                "highest one is the answer."
            ),
            N_("Predict: somebody draws a star. What does a network answer if digits are all that it knows?"),
        ),
        (
            Misconception(
                N_("The network understands digits."),
                N_(
                    "Draw a star. The three networks of the lesson answer with a digit, because they have no other "
                    "answer. Nothing in them knows what a digit is; they calculate which answer fits best."
                ),
            ),
            Misconception(
                N_("The network learns while I draw."),
                N_(
                    "Draw the same digit ten times: nothing changes. Weights change in training only, never in a "
                    "prediction. On the Draw page you can train a copy on your own drawings."
                ),
            ),
            Misconception(
                N_("It misreads me because my handwriting is bad."),
                N_(
                    "It has seen too few digits like yours. That is a matter of its training images, not of your hand. "
                    "It's the same with faces and voices: whoever is missing from the examples is recognized less "
                    "well."
                ),
            ),
            Misconception(
                N_("A “?” means that the network doesn't work."),
                N_(
                    "It's an answer like the others. This network was trained on letters and scribbles, too, and "
                    "learned to call them “not a digit”."
                ),
            ),
        ),
        N_("Where would you let a network like this decide alone, and where must a person check?"),
        N_(
            "Alone where a mistake costs little and is noticed soon, such as sorting holiday photos. With a person "
            "where it costs a lot: marks, money, medicine."
        ),
        ("drawings",),
    ),
}
