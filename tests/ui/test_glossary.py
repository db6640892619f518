"""The glossary explains every technical term that a page shows, in two sentences, and contains no others."""

import ast
import re
from pathlib import Path

import pytest

from pages.ui.glossary import TERMS, explain
from tests.support import PROJECT

# Sources of the texts that pages show, except for the glossary itself.
SOURCES = ("app.py", "pages", "model")
# How many of a call's first arguments are texts.
MARKS = {"_": 1, "N_": 1, "Message": 1, "ngettext": 2, "explain": 1}

# Words of the field that courses and textbooks use, whether or not a page uses them today.
FIELD = """
    accuracy, activation, Adam, AdamW, attention, augmentation, AUROC, autoencoder, backpropagation, baseline, batch,
    batch normalization, batch size, bias, Brier score, calibration, calibration error, checkpoint, class,
    classifier, clustering, confidence, confidence interval, confusion matrix, convergence, convolution, cosine,
    cross-entropy, cross-validation, data leakage, dataset, dense layer, dropout, early stopping, elastic deformation,
    ELU, embedding, ensemble, epoch, F1, false positive, feature, feature map, filter, fine-tuning, forward pass,
    fully connected, GELU, generalization, global average pooling, Grad-CAM, gradient, gradient descent, ground truth,
    hidden layer, hyperparameter, inference, kernel, kernel size, L2, label, label smoothing, latent, layer,
    learning rate, log scale, logits, loss, max pooling, McNemar's test, misclassified, model card, momentum,
    nearest neighbours, neuron, normalization, not a digit, occlusion map, one-cycle, one-hot, optimizer,
    outlier, overconfident, overfitting, p-value, padding, parameter, PCA, perceptron, perplexity, perturbation, pixel,
    pooling, precision, precision and recall, prediction, probability, pruning, quantization, recall, recipe,
    regularization, rejection score, ReLU, residual, robustness, ROC, run, saliency, schedule, seed, SGD, shear,
    sigmoid, softmax, sparse, standard deviation, stride, support vector, t-SNE, tanh, test image, test set, threshold,
    training image, training set, transfer learning, UMAP, underfitting, validation accuracy, validation image,
    validation loss, validation set, vanishing gradient, warm-up, weight, weight decay, Wilson interval
"""
# Field terms that are explained under another name.
ALIASES = {
    "classifier": "Class",
    "cosine": "Schedule",
    "elu": "Activation",
    "feature": "Feature map",
    "gelu": "Activation",
    "gradient descent": "SGD",
    "hidden layer": "Layer",
    "nearest neighbours": "Embedding",
    "one-cycle": "Schedule",
    "overconfident": "Calibration",
    "parameter": "Parameters",
    "pooling": "Max pooling",
    "precision and recall": "Precision",
    "sigmoid": "Activation",
    "sparse": "One-hot",
    "tanh": "Activation",
    "test image": "Test set",
    "training image": "Training set",
    "validation accuracy": "Validation set",
    "validation image": "Validation set",
    "validation loss": "Validation set",
    "weight": "Weights",
    "wilson interval": "Confidence interval",
}
ENTRIES = {term.casefold() for term in TERMS}


def marked_texts(source):
    """Yield every text that `source` marks for translation, and the terms that it explains."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for argument in node.args[: MARKS.get(name, 0)]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def texts_of_the_app():
    for source in SOURCES:
        path = Path(PROJECT, source)
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if file != PROJECT / "pages" / "ui" / "glossary.py":
                yield from marked_texts(file.read_text())


def occurs(term, text):
    """Return whether a text contains a term as whole words, in the singular or the plural."""
    term = term.casefold()
    plural = rf"{re.escape(term[:-1])}(y|ies)" if term.endswith("y") else rf"{re.escape(term)}(s|es)?"
    if term.endswith("x"):
        plural = rf"{re.escape(term[:-1])}(x|xes|ces)"
    return re.search(rf"(?<![\w-]){plural}(?![\w-])", text.casefold()) is not None


def names_of(term):
    """Return the words under which a text may mention an entry of the glossary."""
    return {term, term.removesuffix("s"), *(alias for alias, entry in ALIASES.items() if entry == term)}


def terms_without_an_entry(texts):
    """Return the terms of the field that occur in `texts` and that the glossary doesn't explain."""
    found = {term.casefold() for term in re.split(r",\s+", " ".join(FIELD.split())) if occurs(term, texts)}
    return sorted(term for term in found if ALIASES.get(term, term).casefold() not in ENTRIES)


@pytest.fixture(scope="module")
def shown():
    return "\n".join(texts_of_the_app())


@pytest.mark.parametrize("term", TERMS)
def test_an_explanation_has_two_sentences(term):
    text = explain(term)
    assert len(re.findall(r"[.!?](?=\s|$)", text)) == 2
    assert len(re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"])", text)) == 2, "each starts with a capital letter"
    assert text.endswith(".")


@pytest.mark.parametrize("term", TERMS)
def test_a_term_in_the_glossary_is_used(term, shown):
    """On a page, or in the explanation of another term."""
    others = [explain(other) for other in TERMS if other != term]
    assert any(occurs(name, "\n".join([shown, *others])) for name in names_of(term))


def test_technical_terms_on_pages_are_explained(shown):
    assert terms_without_an_entry(shown) == []


def test_technical_terms_in_explanations_are_explained_too():
    assert terms_without_an_entry("\n".join(map(explain, TERMS))) == []


def test_an_alias_has_no_entry_but_leads_to_one():
    assert not ENTRIES & set(ALIASES)
    assert set(ALIASES.values()) <= set(TERMS)


def test_the_check_finds_a_term_without_an_entry():
    source = 'st.caption(_("Its LOGITS and {n} epochs")); st.text("dropout is not marked"); x = N_("t-SNE")'
    texts = "\n".join(marked_texts(source))
    assert terms_without_an_entry(texts) == ["logits"]
    assert occurs("Epoch", texts)
    assert occurs("t-SNE", texts)
    assert not occurs("Dropout", texts)
    assert not occurs("Run", "pruning, rerun")
    assert occurs("Confusion matrix", "two confusion matrices")
