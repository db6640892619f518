# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # How a network learns to read digits · *Cómo aprende una red a leer dígitos*
#
# In this notebook, a convolutional network learns to read handwritten digits. We load the images, look at them, build
# the network, train it, test it, look at every kind of mistake it makes, and finally let it read drawings.
#
# Every step calls the same Python functions as Digit Lab's pages and its command line, so whatever you learn here is
# also what happens behind the buttons. The headings are in English and Spanish.
#
# **How to use it.** Run the cells from top to bottom. Before you run a cell, read the text above it and guess what will
# come out: a wrong guess is where you learn something. The outputs you see at first were computed with the real MNIST;
# yours will differ in the last digits, because processors round differently. On a laptop, everything takes about ten
# minutes.
#
# **On your own computer** you need the packages in `requirements.txt`, and Jupyter: `pip install -r requirements.txt
# notebook`, then `jupyter notebook model/walkthrough.ipynb`. **In Colab** the first cell installs what is missing. The
# same cells are in `model/walkthrough.py`, for editors that run scripts cell by cell.
#
# Two environment variables change the training: `DIGIT_LAB_NOTEBOOK_DATASET` chooses another dataset, such as
# `uci-digits` or `fashion-mnist`, and `DIGIT_LAB_NOTEBOOK_EPOCHS` another number of epochs. With fewer epochs, the
# experiments in the later sections are smaller, too.

# %% [markdown]
# ## 1. Set up · *Preparación*
#
# The first cell looks for the Digit Lab project: in the current folder, and in the folders around it. If it isn't
# there, as in Colab, the cell downloads the project and installs its packages, which takes a minute or two. If Colab
# then asks you to restart the session, do so, and run the cell again.

# %%
import os
import subprocess
import sys
import warnings
from pathlib import Path

REPOSITORY = "https://github.com/YOUR-NAME/digit-lab"  # the address at which your copy of the project is published

here = Path.cwd()
folders = (here, *here.parents, here / "digit-lab")
project = next((folder for folder in folders if (folder / "model" / "walkthrough.py").is_file()), None)
if project is None and "YOUR-NAME" in REPOSITORY:
    raise FileNotFoundError(
        f"{here} isn't inside the Digit Lab project. Start the notebook in the project's folder, or set REPOSITORY to "
        "the address of the project."
    )
if project is None:
    project = here / "digit-lab"
    subprocess.run(["git", "clone", "--depth", "1", REPOSITORY, str(project)], check=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "-r", str(project / "requirements.txt")]
    subprocess.run(install, check=True)
if str(project) not in sys.path:
    sys.path.insert(0, str(project))

# Hide notes from TensorFlow and a progress bar that are of no use here; errors are still shown.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore", message="IProgress not found")

# %% [markdown]
# Next, we import what we need. `keras_models`, `loop` and `export` import Keras, so this cell takes a few seconds. Most
# of the package works without Keras, which is why the web app starts at once. TensorFlow may print some harmless notes
# about CUDA and oneDNN. The charts are those of the app's pages.

# %%
import logging
import tempfile
from dataclasses import replace

import keras
import numpy as np
import plotly.express as px
import plotly.graph_objects as go

from model import (
    RECIPES,
    Augmentation,
    Classifier,
    DigitReader,
    Recognizer,
    RunStore,
    TrainingConfig,
    compute_metrics,
    load_dataset,
    render,
    summary,
    train,
)
from model.data import catalog, splits
from model.data.augmentation import augment
from model.drawings import corpus
from model.evaluation.analysis import wilson_interval
from model.evaluation.metrics import cross_entropy
from model.ink.render import parse_strokes, squeeze_canvas
from model.networks import keras_models
from model.networks.presets import PRESETS
from model.runs.curves import history_of
from model.runs.events import EpochEvent, Event
from model.runs.store import DEFAULT_RUN
from model.training import loop
from model.training.batches import targets_of
from model.training.export import export_litert, save_keras
from model.tuning import study as studies
from model.tuning.record import SearchStore
from model.tuning.results import best, parameters_text, verdict
from model.tuning.settings import TuningSettings
from model.tuning.space import parse
from pages.ui.charts import common, evaluation, training, tuning

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # in a notebook, TensorFlow prints many warnings

# %% [markdown]
# One object holds all settings of a training. An **epoch** is one pass over all training images, and a **batch** is the
# handful of images that the network looks at before it changes its weights. The **seed** is the starting point of all
# random numbers: with the same seed, the training starts in the same way again.

# %%
has_mnist = catalog.status("mnist").here or catalog.reachable("mnist")
config = TrainingConfig(
    dataset=os.environ.get("DIGIT_LAB_NOTEBOOK_DATASET") or ("mnist" if has_mnist else "uci-digits"),
    epochs=int(os.environ.get("DIGIT_LAB_NOTEBOOK_EPOCHS") or 5),
)

for setting in ("dataset", "preset", "epochs", "batch_size", "optimizer", "learning_rate", "loss", "seed"):
    print(f"{setting:14} {getattr(config, setting)}")

# %% [markdown]
# ## 2. Load the images · *Cargar las imágenes*
#
# **MNIST** is the most famous collection of handwritten digits: each was written by hand, scanned, and labelled with
# the digit it shows. `load_dataset` looks for it on this computer first and downloads it only if it is missing. Without
# internet access we use `uci-digits`, a smaller collection that is part of scikit-learn.
#
# There are two sets. The network learns from the **training images**. The **test images** are put aside until the very
# end, because a test is only fair with images that the network has never seen. You wouldn't give a class the exam
# questions as homework either.

# %%
dataset = load_dataset(config.dataset)
class_names = dataset.class_names
n_classes = len(class_names)

print(f"{dataset.name}, source: {dataset.source}")
print(f"training images {dataset.x_train.shape} {dataset.x_train.dtype}")
print(f"test images     {dataset.x_test.shape} {dataset.x_test.dtype}")
print(f"classes         {', '.join(class_names)}")


# %%
def show_images(images, captions, title, columns=8):
    """Show `(n, height, width)` or `(n, height, width, channels)` images with pixels from 0 to 255."""
    pixels = np.clip(np.asarray(images), 0, 255).astype(np.uint8)
    if pixels.ndim == 4 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    rows = -(-len(pixels) // columns)
    caption = 24 + 14 * max(text.count("<br>") for text in captions)  # pixels above each image
    height = rows * 105 + (rows - 1) * caption
    figure = px.imshow(
        pixels,
        facet_col=0,
        facet_col_wrap=columns,
        facet_row_spacing=caption / height,
        binary_string=pixels.ndim == 3,
    )
    figure.for_each_annotation(lambda note: note.update(text=captions[int(note.text.split("=")[1])], font_size=11))
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    figure.update_layout(title=title, template="none", height=height + caption + 70, width=max(120 * columns, 420))
    return figure.update_layout(margin={"l": 10, "r": 10, "t": caption + 60, "b": 10})


first = slice(0, 16)
show_images(dataset.x_train[first], [class_names[label] for label in dataset.y_train[first]], "The first images")

# %% [markdown]
# Are all classes equally frequent? Suppose that nine tenths of the images were zeros: a network that always predicts 0
# would be right nine times out of ten without having learned anything. Here no bar is much longer than the others, so
# the share of correct predictions is a fair measure.


# %%
def show_chart(figure, title, height=400, width=800):
    """Return a chart, such as one of the app's, with a title and a size of its own."""
    figure = go.Figure(figure).update_layout(template="none", title=title, height=height, width=width)
    figure.update_layout(colorway=[common.BLUE, common.ORANGE, "#009e73"], legend={"orientation": "h", "x": 0, "y": 1})
    return figure.update_yaxes(automargin=True, ticksuffix=" ").update_layout(
        margin={"t": 90, "b": 60}, legend_yanchor="bottom"
    )


train_counts = np.bincount(dataset.y_train, minlength=n_classes)
show_chart(common.class_balance(class_names, train_counts), "Training images of each class")

# %% [markdown]
# ## 3. Reshape and normalize · *Cambiar la forma y normalizar*
#
# You see a digit. The computer gets a table of numbers, where 0 is black and 255 is white. This is all that the network
# will ever know of the image.

# %%
image = dataset.x_train[0]

pixels = px.imshow(image[..., 0], text_auto=True, color_continuous_scale="gray", aspect="equal")
pixels.update_traces(textfont_size=8).update_xaxes(visible=False).update_yaxes(visible=False)
pixels.update_layout(
    title=f"The {class_names[dataset.y_train[0]]} that a computer sees",
    template="none",
    coloraxis_showscale=False,
    margin={"l": 10, "r": 10, "t": 60, "b": 10},
    height=700,
    width=660,
)

# %% [markdown]
# **Reshaping** changes how the numbers are arranged, but no number itself. For a dense layer, an image is one long row.
# For a convolution it must stay a grid, because neighbours matter, and it needs a third dimension, the channels: 1 for
# grey images, 3 for colour. Networks always process several images at once, so even a single image gets a fourth
# dimension in front.

# %%
batch = image[None]
row = image.reshape(-1)

print(f"one image       {image.shape}")
print(f"as one row      {row.shape}")
print(f"a batch of one  {batch.shape}")
print(f"row and image have the same numbers: {np.array_equal(row.reshape(image.shape), image)}")

# %% [markdown]
# **Normalizing** brings the numbers to a scale that suits the network: we divide by 255, so that 0 stays black and 1 is
# white. The first weights of a network are small random numbers that suit such inputs. If the inputs were 255 times
# larger, the first predictions would be wild, and the training would have to undo that first.
#
# Our networks normalize in their own first layer: you pass pixels from 0 to 255, and can neither forget it nor do it
# twice. An untrained network knows nothing, so its **loss**, which measures how wrong it is, should be close to that of
# random guessing: the logarithm of the number of classes. In the last line, we multiply the pixels by 255 to undo the
# normalizing. Which of the two losses is close to guessing?

# %%
keras.utils.set_random_seed(config.seed)
network = keras_models.build(config.preset, dataset.image_shape, n_classes)

some_images, some_labels = dataset.x_train[:500].astype(np.float32), dataset.y_train[:500]
normalized = some_images / 255
as_usual = network(some_images).numpy()
without = network(255 * some_images).numpy()

print(f"pixels      from {some_images.min():.0f} to {some_images.max():.0f}, mean {some_images.mean():.2f}")
print(f"normalized  from {normalized.min():.0f} to {normalized.max():.0f}, mean {normalized.mean():.2f}")
print(f"the network's first layer: {network.layers[0].name}, times {network.layers[0].scale:.5f}")
print()
print(f"loss of random guessing      {np.log(n_classes):8.3f}")
print(f"loss with normalized pixels  {cross_entropy(some_labels, as_usual):8.3f}")
print(f"loss without normalizing     {cross_entropy(some_labels, without):8.3f}")

# %% [markdown]
# ## 4. Sparse and one-hot labels · *Etiquetas enteras y one-hot*
#
# A label can be written in two ways: as a class number (**sparse**), or as a row of zeros with a single 1 at the true
# class (**one-hot**). Both contain the same information, and the loss, **cross-entropy**, is the same for both: the
# negative logarithm of the probability that the network gives to the true class. If the network is sure and right, the
# loss is almost 0; if it is sure and wrong, the loss is large.
#
# Class numbers need less memory, so the setting `loss` is `"sparse"` by default; `"categorical"` uses one-hot rows.

# %%
sparse = targets_of(some_labels, n_classes, "sparse")
one_hot = targets_of(some_labels, n_classes, "categorical")

sparse_loss = keras.losses.sparse_categorical_crossentropy(sparse, as_usual).numpy().mean()
one_hot_loss = keras.losses.categorical_crossentropy(one_hot, as_usual).numpy().mean()

print(f"sparse   {sparse[0]}, shape {sparse.shape}, loss {sparse_loss:.6f}")
print(f"one-hot  {one_hot[0].astype(int)}, shape {one_hot.shape}, loss {one_hot_loss:.6f}")
print(f"from one-hot back to sparse: {one_hot[0].argmax()}")

# %% [markdown]
# ## 5. Three networks, layer by layer · *Tres redes, capa por capa*
#
# A network is a stack of **layers**; each takes the output of the one before. A **convolution** finds small patterns,
# such as edges and corners. **Max pooling** keeps the strongest response in each square of four, which halves width and
# height. `Flatten` turns the grids into one long row, and the **dense layers** combine the patterns and decide. The
# last layer, **softmax**, gives each class a probability; together they add up to 1. **Dropout** switches off some
# neurons at random in each training step; we will see what it is good for in section 14.
#
# Digit Lab comes with three classroom networks. `summary` works out their tables with simple arithmetic: a 3×3
# convolution with 32 filters on a grey image has 3 · 3 · 1 · 32 weights and 32 biases. The size of the image doesn't
# matter for that, because the same small filters slide over all of it. Guess before you look: which layer has the most
# **parameters**?

# %%
for name in ("dense-64", "dense-128", "dense-128-dropout"):
    layers = summary(name, dataset.image_shape, n_classes)
    print(f"{name}: {PRESETS[name].why}")
    print(f"    {'layer':22} {'output':14} {'parameters':>10}")
    for layer in layers:
        print(f"    {layer.title:22} {layer.shape!s:14} {layer.parameters:>10,}")
    print(f"    {'total':37} {sum(layer.parameters for layer in layers):>10,}", end="\n\n")

# %% [markdown]
# The dense layer has most of the parameters: each of its neurons has one weight for every number it gets. That's why
# half as many neurons make the network almost half as large. Dropout has none, as it only switches neurons off.
#
# Keras does its own counting. Its table of our network has one more line, the normalizing, which has no parameters
# either, so the totals must be the same.

# %%
network.summary(line_length=80, print_fn=print)
our_total = sum(layer.parameters for layer in summary(config.preset, dataset.image_shape, n_classes))
print(f"our total {our_total:,}, Keras's {network.count_params():,}")

# %% [markdown]
# ### One convolution by hand · *Una convolución a mano*
#
# What does a filter do? It takes a 3×3 window of the image, multiplies each pixel by a weight, and adds up the results
# and its bias. Then ReLU turns negative sums into 0: the pattern isn't there. We compute one position by hand, for all
# filters at once, and compare it with Keras. Without padding, the output is two pixels smaller than the image, because
# the window can't stick out.

# %%
y, x = dataset.image_shape[0] // 2 - 1, dataset.image_shape[1] // 2 - 1
convolution = network.layers[1]
kernel, bias = convolution.get_weights()

window = image[y : y + 3, x : x + 3] / 255
by_hand = np.maximum((window[..., None] * kernel).sum(axis=(0, 1, 2)) + bias, 0)
by_keras = convolution(batch.astype(np.float32) / 255).numpy()[0, y, x]

print(f"window {window.shape}, kernel {kernel.shape}, results {by_hand.shape}")
print(f"largest difference {np.abs(by_hand - by_keras).max():.1e}")

# %% [markdown]
# ## 6. Hold out a validation set · *Reservar un conjunto de validación*
#
# While a network learns, we want to know how well it does on images it isn't trained on. We can't use the test images
# for that: if we used them to decide anything, such as when to stop, they would influence the training and no longer be
# a fair test. So we hold out a part of the training images, the **validation set**. The seed determines which ones,
# with the same share of each class.

# %%
train_part, validation_part = splits.validation_split(dataset.y_train, config.validation_share, config.seed)
held_out = np.bincount(dataset.y_train[validation_part], minlength=n_classes)

print(f"{len(train_part):,} for training, {len(validation_part):,} for validation")
print(f"in both: {len(np.intersect1d(train_part, validation_part))}")
for name, share in zip(class_names, held_out / train_counts, strict=True):
    print(f"{name:12} {share:.1%} held out")

# %% [markdown]
# ## 7. Compile and train · *Compilar y entrenar*
#
# To **compile** a network means to choose three things: the loss, which measures how wrong a prediction is; the
# **optimizer**, which changes the weights to make the loss smaller; and the metrics, which we want to watch. The
# **learning rate** determines how large the optimizer's steps are. We evaluate the compiled network before it has
# learned anything. How many of the validation images will it get right, with ten classes to choose from?

# %%
network.compile(optimizer=loop.optimizer(config), loss=loop.loss(config), metrics=["accuracy"])
validation_images, validation_labels = dataset.x_train[validation_part], dataset.y_train[validation_part]
before_loss, before_accuracy = network.evaluate(validation_images, validation_labels, batch_size=500, verbose=0)

print(f"optimizer {network.optimizer.name}, loss {network.loss.name}")
print(f"before the training: loss {before_loss:.3f}, accuracy {before_accuracy:.4f}")

# %% [markdown]
# Now we train. In plain Keras, the next step would be one line:
#
#     network.fit(x, y, batch_size=32, epochs=5, validation_data=(x_validation, y_validation))
#
# `train` does the same: it compiles a network in this way, and then repeats three steps for each batch. The network
# predicts; the loss is computed, and with it the direction in which each weight would reduce it; the optimizer moves
# every weight a little in that direction. After each epoch, it measures loss and accuracy on the validation set. While
# it works, it reports every step by calling `on_event`. The app writes these events to a file and draws its moving
# charts from them; here we collect them in a list.

# %%
events: list[Event] = []


def collect(event):
    """Collect every event, and print one line for each epoch."""
    events.append(event)
    if isinstance(event, EpochEvent):
        print(
            f"epoch {event.epoch}: loss {event.loss:.3f}, accuracy {event.accuracy:.4f}; "
            f"validation loss {event.val_loss:.3f}, accuracy {event.val_accuracy:.4f}"
        )


trained = train(config, dataset, collect)
history = history_of(events)
print(f"{history.steps_done:,} batches; the weights of epoch {trained.epoch} are saved")

# %% [markdown]
# ## 8. Accuracy and loss curves · *Curvas de exactitud y de pérdida*
#
# **Accuracy** is the share of correct predictions. The pale line jumps, because each of its points is one batch of only
# a few images; the strong line is the mean of fifty batches. The diamonds are measured on all validation images after
# each epoch. The curve rises steeply at first and then ever more slowly: the easy images come first. The axis leaves
# out the first steps, so that you can see the differences later on.

# %%
show_chart(training.curve(history, "accuracy", zoomed=True), "Accuracy during the training")

# %% [markdown]
# The **loss** is the number that the training makes smaller. It falls while the accuracy rises, but it also sees what
# the accuracy doesn't: whether a correct prediction was a sure one. Its axis has a log scale, so the same distance
# means the same factor everywhere.
#
# The validation curve may be better than the training curve at first. That isn't a mistake: dropout makes the training
# harder, and it is switched off for the validation; besides, validation is measured at the end of an epoch, when the
# network has learned more than in its middle. We save the weights of the epoch with the lowest validation loss.

# %%
show_chart(training.curve(history, "loss", zoomed=True), "Loss during the training")

# %% [markdown]
# ### What the filters have learned · *Qué han aprendido los filtros*
#
# Before the training, the filters were random. Now each has become a detector for a small pattern. Each picture below
# is the output of one filter of the first convolution, a **feature map**: bright spots show where the filter found its
# pattern, each picture on a scale of its own. Some respond to edges on one side of a stroke, others to its middle.

# %%
first_maps = keras.Model(trained.model.inputs[0], trained.model.layers[1].output)
maps = first_maps(batch.astype(np.float32)).numpy()[0].transpose(2, 0, 1)[:16]

strongest = np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-6)

show_images(
    255 * maps / strongest, [f"filter {number}" for number in range(1, 17)], "Sixteen feature maps of one image"
)

# %% [markdown]
# ## 9. Accuracy, loss, precision, recall, F1 · *Exactitud, pérdida, precisión, exhaustividad y F1*
#
# Now, and only now, we use the test images. For each of them, the network gives every class a probability; the class
# with the largest one is its prediction. `compute_metrics` takes labels and probabilities and computes all metrics.
#
# - **Accuracy**: of all images, how many were predicted correctly?
# - **Loss**: how wrong were the probabilities? A prediction that is confident and wrong costs most.
# - **Precision** of the 7: of all images predicted as a 7, how many really are a 7?
# - **Recall** of the 7: of all real 7s, how many were found?
# - **F1** combines precision and recall, and is high only if both are.
#
# A network that calls almost everything a 7 has a high recall for the 7, but a poor precision. One that says 7 only
# when it is absolutely sure has a high precision, but a poor recall.

# %%
keras_probabilities = trained.model.predict(dataset.x_test, batch_size=500, verbose=0)
result = compute_metrics(dataset.y_test, keras_probabilities, class_names)

print(f"Test accuracy {result.accuracy:.4f} on {result.n:,} images: {len(result.mistakes):,} are misclassified")
print(f"Test loss {result.loss:.4f}")
print(f"Precision {result.macro_precision:.4f}, recall {result.macro_recall:.4f}, F1 {result.macro_f1:.4f} (means)")
print()
print(f"{'class':12} {'precision':>9} {'recall':>9} {'F1':>9} {'images':>7}")
for each in result.classes:
    print(f"{each.name:12} {each.precision:9.4f} {each.recall:9.4f} {each.f1:9.4f} {each.support:7,}")

# %% [markdown]
# How far can we trust this accuracy? A test set is a sample: with other images of the same kind, the figure would be
# slightly different. As a rule of thumb, the margin of error is twice the square root of p · (1 - p) / n. If two
# networks differ by less than that, the difference means little. Nor is the accuracy a promise for other images, such
# as photos, or digits drawn with a mouse: we will see that in section 17.

# %%
margin = 2 * np.sqrt(result.accuracy * (1 - result.accuracy) / result.n)
print(f"{result.accuracy:.2%} ± {margin:.2%}")

# %% [markdown]
# ## 10. Confusion matrix · *Matriz de confusión*
#
# One number can't show which digits are mixed up; the **confusion matrix** can. Each row is a true class and each
# column a predicted class, so correct predictions are on the diagonal, in the blue squares. Everything else is a
# mistake, and the darker its cell, the more often it happened. To read it, choose a row and ask: when the digit really
# was this one, what else did the network see?

# %%
show_chart(evaluation.confusion_matrix(result.confusion, class_names, dark=False), "Confusion matrix", 600, 700)

# %%
off_diagonal = result.confusion * (1 - np.eye(n_classes, dtype=int))
print("The most frequent mistakes:")
for cell in np.argsort(-off_diagonal, axis=None, kind="stable")[:5]:
    true, predicted = divmod(int(cell), n_classes)
    print(f"{off_diagonal[true, predicted]:3} times, {class_names[true]} was predicted as {class_names[predicted]}")


# %% [markdown]
# ## 11. Misclassified images · *Imágenes mal clasificadas*
#
# Always look at the mistakes themselves. The ones with the highest confidence come first: the network was sure, and
# wrong. A confident answer isn't always a right answer. Would you have read these digits correctly? Some are so unclear
# that people disagree too, and most datasets contain a few wrong labels.


# %%
def show_predictions(images, labels, probabilities, title, names=class_names):
    """Show images with their true class, predicted class, and the confidence; nothing if there are no images."""
    if not len(images):
        return None
    captions = []
    for label, row in zip(labels, probabilities, strict=True):
        mark = "✓" if row.argmax() == label else "✗"
        captions.append(f"true {names[label]}<br>predicted {names[row.argmax()]} {mark}<br>{row.max():.1%}")
    return show_images(images, captions, title)


wrong = [mistake.index for mistake in result.mistakes[:16]]
wrong_title = f"{len(wrong)} of {len(result.mistakes)} misclassified images"
show_predictions(dataset.x_test[wrong], dataset.y_test[wrong], keras_probabilities[wrong], wrong_title)

# %% [markdown]
# ## 12. True and predicted classes · *Clase verdadera y clase predicha*
#
# The mistakes alone give the wrong impression, so here is a sample of all test images, drawn at random. How many
# mistakes do you expect among them?

# %%
sample = np.sort(np.random.default_rng(config.seed).choice(result.n, 16, replace=False))
show_predictions(
    dataset.x_test[sample],
    dataset.y_test[sample],
    keras_probabilities[sample],
    "True and predicted classes of a sample",
)

# %% [markdown]
# A prediction is more than one digit: the network gives every class a probability. We look at the test image on which
# it was least certain. The probabilities show which other classes it had in mind.

# %%
doubtful = int(keras_probabilities.max(axis=1).argmin())
show_images(dataset.x_test[[doubtful]], [f"true {class_names[dataset.y_test[doubtful]]}"], "The most doubtful image", 1)

# %%
show_chart(
    common.probability_bars(class_names, keras_probabilities[doubtful]),
    "The probabilities of the most doubtful image",
    360,
)

# %% [markdown]
# ## 13. Overfitting · *Sobreajuste*
#
# What happens if we have only a few images? We train a network on 200 of them, and show it each one many times. It will
# get every one of these right. Guess: how many of the validation images, which it has never seen?

# %%
few = replace(RECIPES["memorizer"].config, dataset=config.dataset, epochs=8 * config.epochs)
memorized = train(few, dataset)

print(f"{'trained on':>14} {'training accuracy':>18} {'validation accuracy':>20} {'gap':>8}")
for n_images, run in ((few.train_images, memorized), (len(train_part), trained)):
    accuracy, val_accuracy = run.history["accuracy"][-1], run.history["val_accuracy"][-1]
    print(f"{n_images:7,} images {accuracy:18.2%} {val_accuracy:20.2%} {accuracy - val_accuracy:8.2%}")

# %% [markdown]
# This is **overfitting**: the network has memorized its images instead of learning what a digit looks like. Like a
# pupil who learns the answers by heart, it fails when the question is asked in another way. You recognize it by the
# gap: the training loss falls towards zero, while the validation loss stops falling, and may even rise again. More
# epochs don't help; more images do. Compare these curves with those in section 8, where the two stay close together.


# %%
def show_epochs(curves, title, y_title):
    """Draw a value after each epoch, one curve with markers of its own for each name in `curves`."""
    figure = go.Figure()
    for (name, values), symbol in zip(curves.items(), ("circle", "diamond", "square"), strict=False):
        figure.add_scatter(
            x=np.arange(1, len(values) + 1), y=values, name=name, mode="lines+markers", marker_symbol=symbol
        )
    axis = {"rangemode": "tozero"} if y_title == "loss" else {"tickformat": ".0%"}
    return show_chart(figure, title).update_xaxes(title="epoch", zeroline=False).update_yaxes(title=y_title, **axis)


losses = {"training": memorized.history["loss"], "validation": memorized.history["val_loss"]}
show_epochs(losses, f"Overfitting: the loss with {few.train_images} images", "loss")

# %%
accuracies = {"training": memorized.history["accuracy"], "validation": memorized.history["val_accuracy"]}
show_epochs(accuracies, f"Overfitting: the accuracy with {few.train_images} images", "accuracy")

# %% [markdown]
# ## 14. Augmentation and dropout · *Aumento de datos y dropout*
#
# There are two remedies that need no new images. **Augmentation** makes more of those we have: a digit that is rotated
# or shifted a little is still the same digit. `augment` changes the images slightly and at random, differently in every
# epoch, so there is nothing to memorize. But not every change is allowed: a digit that is flipped horizontally turns
# into something else.

# %%
moved = Augmentation(rotation=12, shift=0.08, zoom=0.1)
variants = augment(np.repeat(batch, 7, axis=0), moved, np.random.default_rng(config.seed))

show_images([image, *variants], ["original", *["changed"] * 7], "One image, rotated, shifted and scaled at random")

# %% [markdown]
# **Dropout** switches off a random part of the neurons in each training step, so no neuron can rely on another one to
# be there. Every pattern has to be learned more than once.
#
# We train on the same 200 images three times: as before, with dropout, and with dropout and augmentation. Which of them
# will do best on the validation images?

# %%
dropout = replace(few, preset="dense-128-dropout")
both = replace(dropout, augmentation=RECIPES["best"].config.augmentation)
histories = {
    "neither": memorized.history,
    "dropout": train(dropout, dataset).history,
    "dropout and augmentation": train(both, dataset).history,
}

print(f"{'':26} {'training':>10} {'validation':>11}    95% interval")
for name, its_history in histories.items():
    accuracy, val_accuracy = its_history["accuracy"][-1], its_history["val_accuracy"][-1]
    low, high = wilson_interval(round(val_accuracy * len(validation_part)), len(validation_part))
    print(f"{name:26} {accuracy:10.2%} {val_accuracy:11.2%}    {low:.1%} to {high:.1%}")

# %% [markdown]
# With augmentation, the training accuracy is lower, because the network never sees the same image twice; but what it
# learns holds for new images, too. The interval says how far chance goes: with other validation images of the same
# kind, the accuracy would most likely be in that range. If two intervals overlap, the difference may be chance.

# %%
show_epochs(
    {name: its_history["val_accuracy"] for name, its_history in histories.items()},
    f"The same {few.train_images} images, trained in three ways",
    "validation accuracy",
)

# %% [markdown]
# ## 15. Tuning · *Ajuste de hiperparámetros*
#
# Learning rate and dropout are **hyperparameters**: the training doesn't learn them, we choose them. A search tries
# several values and compares them by the accuracy on the validation images. The test images play no part in this: if
# you try many settings and choose the best one on the test set, its result looks better than it is, because you have
# partly chosen it for its luck.
#
# `TuningSettings` describes a search: the settings that stay, those that vary, and how values are chosen. Optuna draws
# the first values at random, and then looks more often where they were good. It asks and tells: we ask for values,
# train with them, and tell the result. The Tune page and `python -m model tune` do the same, with each trial in a
# process of its own.

# %%
folder = tempfile.TemporaryDirectory(prefix="digit-lab-walkthrough-")
search = TuningSettings(
    replace(config, epochs=2, batch_size=128, train_images=min(6_000, len(train_part))),
    (parse("learning_rate=0.0001:0.03:log"), parse("dropout=0:0.5")),
    trials=2 * config.epochs,
)
study = studies.new_study(SearchStore(RunStore(Path(folder.name))).create(search))

while trial := studies.ask(study, search):
    tried = train(search.config_of(trial.params), dataset)
    for epoch, accuracy in enumerate(tried.history["val_accuracy"], 1):
        trial.report(accuracy, epoch)
    value = tried.history["val_accuracy"][tried.epoch - 1]
    studies.tell(study, trial, value, accuracy=value, n_validation=len(validation_part))

trials = studies.results(study)
for done in trials:
    print(f"trial {done.number}: {parameters_text(done):42} validation accuracy {done.value:.4f}")

# %% [markdown]
# Each line is one trial, and the best one is drawn in blue. The second chart shows the same trials by their learning
# rate. If it is too small, the network learns too slowly; if it is too large, the steps overshoot, and the result gets
# worse again. The best rate lies in between.

# %%
show_chart(tuning.curves(trials, search, best(trials, search)), "Validation accuracy of all trials")

# %%
show_chart(tuning.slices(study, search, "learning_rate"), "Validation accuracy by learning rate").update_xaxes(
    dtick="D2"
)

# %% [markdown]
# Which one is the best? The verdict also shows how certain that is. Two epochs, part of the images and one seed make a
# quick lesson, but weak evidence: before you trust a small difference, repeat it with other seeds.

# %%
for sentence in verdict(trials, search):
    print(sentence)

# %% [markdown]
# ## 16. Save and load · *Guardar y cargar*
#
# Back to the network that we trained on all images. A `.keras` file contains its layers and its weights, so you can use
# it elsewhere or continue the training another day. To be sure that nothing was lost, we load the file again and
# compare all probabilities. This notebook saves its files in a temporary folder, which the last cell deletes.

# %%
keras_file = Path(folder.name) / "model.keras"
save_keras(trained.model, keras_file)

loaded = keras.models.load_model(keras_file)
loaded_probabilities = loaded.predict(dataset.x_test, batch_size=500, verbose=0)

print(f"{keras_file.name}: {keras_file.stat().st_size / 1e6:.1f} MB")
print(f"Largest difference between saved and loaded {np.abs(loaded_probabilities - keras_probabilities).max():.1e}")

# %% [markdown]
# To predict, a web server or a phone needs neither the training code nor TensorFlow, which alone takes up hundreds of
# megabytes. `export_litert` saves the same network for LiteRT, Google's small runtime, and `Recognizer` uses it to
# predict an image in a fraction of a millisecond. LiteRT adds up the same numbers in a different order, so the last
# decimal places may differ; the predictions must not.

# %%
litert_file = Path(folder.name) / "model.tflite"
export_litert(trained.model, litert_file)

recognizer = Recognizer(litert_file)
litert_probabilities = recognizer.probabilities(dataset.x_test)
same_predictions = (litert_probabilities.argmax(axis=1) == keras_probabilities.argmax(axis=1)).mean()

print(f"{litert_file.name}: {litert_file.stat().st_size / 1e6:.1f} MB")
print(f"Largest difference between Keras and LiteRT {np.abs(litert_probabilities - keras_probabilities).max():.1e}")
print(f"Same predictions {same_predictions:.2%}")

# %% [markdown]
# ## 17. Read a drawing · *Leer un dibujo*
#
# A drawing is a list of strokes, and a stroke is a list of points [x, y] in pixels of the canvas, with y growing
# downwards. Here is a 7, drawn small and in a corner. Many digit apps simply shrink the whole canvas to 28×28 pixels,
# and then the network often fails, because it was never trained on such images. MNIST's digits were all scaled to the
# same size and centred by their centre of mass, and `render` does the same with our strokes.

# %%
seven = [[[30, 34], [45, 32], [62, 31], [80, 31], [94, 33], [88, 48], [80, 64], [72, 80], [66, 96], [61, 114]]]

prepared = [squeeze_canvas(seven), render(seven)]
show_images(prepared, ["the whole canvas", "MNIST's method"], "One drawing, prepared in two ways", columns=4)

# %% [markdown]
# `DigitReader` puts the two halves together: it renders the strokes, passes the image to a `Classifier`, and decides
# whether it looks like a digit at all. We try the network that comes with Digit Lab, which was trained on MNIST and on
# drawings for many epochs, then our own, and then our own once more with the whole canvas.


# %%
def read_drawing(classifier, name):
    """Print the prediction of a network for the drawing and return the probabilities of the ten digits."""
    predictions = DigitReader(classifier).read_strokes(seven)
    digit = predictions.digits[0]
    print(f"{name} reads {predictions.text}, confidence {digit.probability:.1%}, accepted: {predictions.accepted}")
    return digit.prediction.probabilities[:10]


shipped = Classifier(RunStore().open_finished(DEFAULT_RUN))
ours = Classifier.from_network(recognizer, class_names)
probabilities = {"the shipped network": read_drawing(shipped, "The shipped network")}
if ours.reads_digits:
    probabilities["our network"] = read_drawing(ours, "Our network")
    (shrunk,) = ours.predict(squeeze_canvas(seven)[None, :, :, None])
    print(f"Given the whole canvas, our network reads {shrunk.label}, confidence {shrunk.probability:.1%}")
    probabilities["our network, given the whole canvas"] = shrunk.probabilities

bars = go.Figure([go.Bar(x=np.arange(10), y=values, name=name) for name, values in probabilities.items()])
bars.update_xaxes(type="category", title="digit").update_yaxes(range=[0, 1], tickformat=".0%")
show_chart(bars, "The probabilities for the drawing").update_layout(showlegend=True)

# %% [markdown]
# One drawing proves nothing. If the folder in `DIGIT_LAB_DATA` contains `drawn-digits.jsonl.gz`, with digits that many
# people have drawn with a pen on a tablet, we let our network read those of the test writers, whose drawings are never
# used for training. We prepare them in both ways: the same network and the same drawings, only the preparation differs.
# How much can that matter?

# %%
reader = ours if ours.reads_digits else shipped
drawings = corpus.load(corpus.DIGITS, corpus.TEST) or [corpus.Drawing(7, "us", parse_strokes(seven))]
drawn_labels = np.array([drawing.label for drawing in drawings])

for way, prepare in {"the whole canvas": squeeze_canvas, "MNIST's method": render}.items():
    drawn = np.stack([prepare(drawing.strokes) for drawing in drawings])[..., None]
    drawn_probabilities = reader.recognizer.probabilities(drawn)[:, :10]
    share = (drawn_probabilities.argmax(axis=1) == drawn_labels).mean()
    print(f"{way:18} {share:7.2%} correct (drawings: {len(drawings):,})")

# %% [markdown]
# The accuracy on drawings is lower than on MNIST's test images, even if they are prepared in the same way: a pen on a
# tablet isn't a pen on paper, and these are other people. An accuracy always belongs to the images it was measured on.

# %% [markdown]
# ## What next · *Para seguir*
#
# Change something in the config of section 1, such as the preset, the loss or the learning rate. Write down what you
# expect, then run all cells again. You can find the same settings on the Train page, your mistakes on the Evaluate
# page, and a canvas for your own digits on the Draw page. The last cell deletes the temporary files.

# %%
folder.cleanup()
