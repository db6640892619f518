"""The field's words as this app uses them: tooltips and the Glossary page show these explanations.

A page never explains a term in other words. The key of an entry is the term as it is written on the pages; its
explanation has exactly two sentences.
"""

from model.messages import N_
from pages.ui.translation import _

TERMS: dict[str, str] = {
    N_("Accuracy"): N_(
        "The share of images that the network classifies correctly. It is the headline figure, but it doesn't show "
        "which classes are confused."
    ),
    N_("Activation"): N_(
        "A function, such as ReLU, that is applied to every number a layer computes. Without it, many layers could "
        "do no more than a single one."
    ),
    N_("Adam"): N_(
        "An optimizer that gives every weight its own step size, based on its recent gradients. It works well with "
        "little tuning, which makes it the usual first choice."
    ),
    N_("AdamW"): N_(
        "Adam with weight decay: each step also pulls every weight a little towards zero. This often makes the "
        "network better on new images."
    ),
    N_("Augmentation"): N_(
        "Random changes to the training images, such as small rotations and shifts. The network sees a new variant "
        "each time, so it learns the shape instead of memorizing the image."
    ),
    N_("Batch"): N_(
        "A small group of training images; the weights are updated once after each batch. An epoch consists of many "
        "batches."
    ),
    N_("Batch normalization"): N_(
        "Rescales the outputs of a layer so that their mean and spread stay similar from batch to batch. Deep "
        "networks train faster and more reliably with it."
    ),
    N_("Batch size"): N_(
        "The number of images in one batch. Small batches give frequent but noisy updates; large batches give fewer "
        "but smoother ones."
    ),
    N_("Calibration"): N_(
        "How well confidence matches accuracy. A network is well calibrated if about 80% of the predictions it makes "
        "with 80% confidence are correct."
    ),
    N_("Calibration error"): N_(
        "The average gap between confidence and accuracy, over groups of predictions with similar confidence (ECE). "
        "0 is perfect; a large value means that the network is overconfident or underconfident."
    ),
    N_("Centre of mass"): N_(
        "The average position of all ink, weighted by how dark it is. MNIST digits are placed so that it is in the "
        "middle of the image."
    ),
    N_("Checkpoint"): N_(
        "A copy of the network saved during training. Training can resume from it, and you can look back at the "
        "network as it was then."
    ),
    N_("Class"): N_(
        "One of the categories that the network chooses from, such as the digit 7. Every image has exactly one true "
        "class."
    ),
    N_("Confidence"): N_(
        "The probability that the network gives to its own prediction. High confidence is no guarantee: networks can "
        "be confidently wrong."
    ),
    N_("Confidence interval"): N_(
        "The range in which the true accuracy probably lies, given how many images were tested. Of all 95% "
        "intervals, about 19 in 20 contain the true value."
    ),
    N_("Confusion matrix"): N_(
        "A table that counts, for each true class, how often each class was predicted. Correct predictions are on "
        "the diagonal; every other cell is one kind of mistake."
    ),
    N_("Convolution"): N_(
        "A layer that slides small filters over the image and records how well each of them matches at every "
        "position. It uses the same few weights everywhere, so it finds a pattern wherever it is."
    ),
    N_("Cross-entropy"): N_(
        "The usual loss for classification: the negative logarithm of the probability given to the true class. It is "
        "small when the network is confident and right, and large when it is confident and wrong."
    ),
    N_("Dataset"): N_(
        "A collection of images with labels. One part is used for training, and another part is held back for testing."
    ),
    N_("Dense layer"): N_(
        "A layer in which every neuron is connected to every number of the layer before. It combines the patterns "
        "found by the convolutions into a decision."
    ),
    N_("Dropout"): N_(
        "Switches off a random share of neurons in each training step. The network can't rely on any single neuron, "
        "which reduces overfitting."
    ),
    N_("Early stopping"): N_(
        "Ends the training when the validation loss hasn't improved for a number of epochs. It saves time and limits "
        "overfitting."
    ),
    N_("Elastic deformation"): N_(
        "Bends an image smoothly and at random, as if it were printed on rubber. It imitates the way handwriting "
        "varies."
    ),
    N_("Embedding"): N_(
        "The numbers that the last hidden layer computes for an image. Images with similar embeddings look alike to "
        "the network."
    ),
    N_("Epoch"): N_(
        "One pass through all training images. After each epoch, the network is scored on the validation images."
    ),
    N_("F1"): N_("The harmonic mean of precision and recall. It is high only if both are high."),
    N_("Feature map"): N_(
        "The output of one filter for one image. Bright spots show where the filter's pattern was found."
    ),
    N_("Filter"): N_(
        "A small grid of weights that responds to one pattern, such as an edge. A convolution has many filters and "
        "learns all of them."
    ),
    N_("Fine-tuning"): N_(
        "Training a finished network a little longer on new data, with a small learning rate. The network adapts to "
        "the new data without starting from scratch."
    ),
    N_("Gradient"): N_(
        "For each weight, how much the loss would change if the weight were changed slightly. Training moves every "
        "weight a small step in the direction that lowers the loss."
    ),
    N_("Grid search"): N_(
        "Trains once with every combination of the chosen values. It is thorough for one or two settings, and soon "
        "takes too long for more."
    ),
    N_("Hyperparameter"): N_(
        "A setting that is chosen before the training, such as the learning rate or the number of layers. The network "
        "doesn't learn it, so people or a search try several values."
    ),
    N_("Hyperparameter importance"): N_(
        "The share of the differences between trials that one hyperparameter explains (fANOVA). A small share means "
        "that its value hardly mattered within the search space."
    ),
    N_("Kernel"): N_(
        "Another word for a filter: the small grid of weights that a convolution slides over the image. The lesson's "
        "kernels have 3 × 3 weights."
    ),
    N_("Kernel size"): N_(
        "The width and height of a filter in pixels. A larger kernel sees more of the image at once and has more "
        "weights."
    ),
    N_("Label"): N_(
        "The true class of an image, given by a person. The network learns by comparing its predictions with the "
        "labels."
    ),
    N_("Label smoothing"): N_(
        "Takes a small share of probability from the true class and spreads it over all classes. It keeps the "
        "network from becoming overconfident."
    ),
    N_("Layer"): N_(
        "One stage of a network, which turns the numbers from the stage before into new numbers. The layers between "
        "the image and the output are called hidden layers."
    ),
    N_("Learning rate"): N_(
        "How far the weights move in each step. Too small, and training crawls; too large, and the loss never settles."
    ),
    N_("Log scale"): N_(
        "An axis on which each step multiplies by the same factor, such as 1, 10, 100. Small and large values can be "
        "read on the same chart."
    ),
    N_("Loss"): N_(
        "A number that measures how wrong the predictions are; training tries to make it small. Unlike accuracy, it "
        "also takes into account how confident the network was."
    ),
    N_("Max pooling"): N_(
        "Keeps only the largest value of each 2×2 square, which halves width and height. After that, it matters less "
        "where exactly a pattern was found."
    ),
    N_("McNemar's test"): N_(
        "Compares two classifiers on the same images by counting the images that only one of them gets right. It "
        "shows whether the difference could be due to chance."
    ),
    N_("MNIST"): N_(
        "A dataset of 70,000 digits written by employees and students in the USA. It is the usual first test for a "
        "network that reads handwriting."
    ),
    N_("Misclassified"): N_(
        "Predicted as a wrong class. Looking at misclassified images shows what the network hasn't learned."
    ),
    N_("Model card"): N_(
        "A short, honest description of a network: what it was trained on, how good it is and where it fails. Anyone "
        "who wants to use the network should read it first."
    ),
    N_("Momentum"): N_(
        "Lets each step continue partly in the direction of the steps before. This smooths out noise and speeds up SGD."
    ),
    N_("Neuron"): N_(
        "A unit that computes a weighted sum of its inputs and applies an activation. A dense layer with 128 neurons "
        "computes 128 numbers."
    ),
    N_("Normalization"): N_(
        "Scales pixel values from 0–255 to 0–1 before the first layer. Training is faster and more stable with small "
        "numbers."
    ),
    N_("Not a digit"): N_(
        'The result for anything that doesn\'t look like one of the ten digits, shown as "?". Some networks have an '
        "extra class for it; others reject predictions with low confidence."
    ),
    N_("Occlusion map"): N_(
        "Shows how the confidence changes when a small patch of the image is covered, tried at every position. Where "
        "the confidence drops most, the ink matters most."
    ),
    N_("One-hot"): N_(
        "A label written as a row of zeros with a single 1 at the true class. The alternative is the class number "
        "itself, called a sparse label."
    ),
    N_("Optimizer"): N_(
        "The rule that turns gradients into weight updates. SGD follows the gradient with momentum; Adam and AdamW "
        "adapt the step size of every weight."
    ),
    N_("Overfitting"): N_(
        "The opposite of underfitting: the network memorizes its training images instead of learning what they have "
        "in common. You can see it when the training loss keeps falling while the validation loss rises."
    ),
    N_("Padding"): N_(
        'What happens at the edge of the image: with "valid", filters stay inside it and the output is smaller than '
        'the input. With "same", zeros are added around the image, so the size stays the same.'
    ),
    N_("Parallel coordinates"): N_(
        "A chart with one axis for each setting and one line for each trial. Lines of good trials that meet on an "
        "axis show which values work."
    ),
    N_("Parameters"): N_(
        "All the numbers that a network learns, mostly weights. More parameters can store more, but need more data "
        "and time."
    ),
    N_("PCA"): N_(
        "Principal component analysis: projects points onto the directions in which they vary most. It is fast and "
        "keeps the overall structure, but groups may overlap."
    ),
    N_("Perturbation"): N_(
        "A controlled change to an image, such as noise, blur or rotation. It tests whether a prediction is robust."
    ),
    N_("Pixel"): N_(
        "One dot of an image, stored as a number for its brightness. In a grey image, 0 is black and 255 is white."
    ),
    N_("Precision"): N_(
        "Of all images predicted as a class, the share that really belongs to it. Low precision means many false "
        "alarms."
    ),
    N_("Prediction"): N_(
        "The class to which the network gives the highest probability. The probabilities of the other classes show "
        "what else it considered."
    ),
    N_("Probability"): N_(
        "A number between 0 and 1 for each class, computed by the softmax. The probabilities of all classes add up "
        "to 1."
    ),
    N_("p-value"): N_(
        "How often a difference at least this large would appear by chance if both networks were equally good. Below "
        "0.05 is usually called significant."
    ),
    N_("Pruning"): N_(
        "Stopping a trial early because it is worse than half of the others at the same epoch. The time goes to more "
        "promising trials instead."
    ),
    N_("Random search"): N_(
        "Draws the values of each trial at random from the search space. With many settings it finds good values "
        "sooner than a grid, because every trial tries a new value of each setting."
    ),
    N_("Recall"): N_(
        "Of all images that belong to a class, the share that the network finds. Low recall means many misses."
    ),
    N_("Recipe"): N_(
        "A complete set of training settings that work well together. You can use it as it is or as a starting point "
        "for your own."
    ),
    N_("ReLU"): N_(
        "The most common activation: negative numbers become 0, positive numbers stay the same. It is cheap to "
        "compute and works well in deep networks."
    ),
    N_("Robustness"): N_(
        "How little the accuracy suffers when images are perturbed. A robust network also reads noisy, blurred or "
        "rotated digits."
    ),
    N_("Run"): N_(
        "One training with its settings, its curves and the resulting network. Runs are saved, so you can reopen, "
        "compare and continue them."
    ),
    N_("Schedule"): N_(
        "A plan for how the learning rate changes during training. Starting high and ending low often gives better "
        "results than a constant rate."
    ),
    N_("Search space"): N_(
        "All combinations of values that a search may try. It is given by a range or a list of choices for each "
        "hyperparameter."
    ),
    N_("Seed"): N_(
        "The starting value of the random number generator. The same seed gives the same first weights and the same "
        "order of images, so a run can be repeated."
    ),
    N_("SGD"): N_(
        "Stochastic gradient descent: moves the weights downhill on the loss of one batch after another. Here it is "
        "used with momentum."
    ),
    N_("Shear"): N_("Slants an image sideways, like italic writing. Upright strokes lean by the given angle."),
    N_("Softmax"): N_(
        "The last step of the network, which turns any numbers into probabilities that add up to 1. The largest "
        "number gets the largest probability."
    ),
    N_("Standard deviation"): N_(
        "How far values typically are from their mean. In noise with a standard deviation of 20, about two thirds of "
        "the pixels change by less than 20 grey levels."
    ),
    N_("Stride"): N_(
        "How many pixels a filter moves from one position to the next. With a stride of 2, the output has half the "
        "width and half the height."
    ),
    N_("Test set"): N_(
        "Images that are set aside until the training is over. Because they had no influence on it, the accuracy on "
        "them is an honest estimate for new images."
    ),
    N_("Threshold"): N_(
        "The limit at which a prediction is accepted or rejected. A stricter threshold gives fewer but more reliable "
        "predictions."
    ),
    N_("TPE"): N_(
        "Tree-structured Parzen Estimator: compares where good and bad trials lie in the search space, and tries "
        "values where good ones are more likely. Its first trials are random, as it has nothing to learn from yet."
    ),
    N_("Training set"): N_(
        "The images that the network is trained on. High accuracy on them proves little, because they can be memorized."
    ),
    N_("t-SNE"): N_(
        "A method that arranges points in two dimensions so that similar ones become neighbours. Distances between "
        "groups that are far apart mean little."
    ),
    N_("Trial"): N_(
        "One training of a search, with its own values of the hyperparameters. Here each trial is an ordinary run "
        "that you can open, stop and use."
    ),
    N_("Underfitting"): N_(
        "The network is still poor, even on its training images. It needs more training, another learning rate or "
        "more parameters."
    ),
    N_("Validation set"): N_(
        "Images held back from training and scored after every epoch. They show whether the network is learning or "
        "memorizing, and which epoch is best."
    ),
    N_("Weight decay"): N_(
        "Pulls every weight a little towards zero in each step. Small weights make simpler networks, which overfit "
        "less."
    ),
    N_("Weights"): N_(
        "The numbers in a network that are adjusted during training. They decide which patterns each filter and "
        "neuron responds to."
    ),
}


def explain(term: str) -> str:
    """Return the explanation of `term`, a key of `TERMS`, in the visitor's language."""
    return _(TERMS[term])
