"""Recipes: complete, named sets of training settings. Contains data only.

`python -m model train --recipe deep` trains with one of them; other options of that command override its settings.
"""

from dataclasses import dataclass

from model.config import Augmentation, TrainingConfig
from model.messages import N_


@dataclass(frozen=True)
class Recipe:
    """Settings, and one sentence on what they are good for."""

    name: str
    title: str
    why: str
    config: TrainingConfig


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "classroom",
            N_("Classroom"),
            N_("The classroom exercise: Adam, five epochs, batches of 32."),
            TrainingConfig(),
        ),
        Recipe(
            "five-seconds",
            N_("Five seconds"),
            N_("One epoch in batches of 128, with a learning rate that rises and then falls."),
            TrainingConfig(epochs=1, batch_size=128, schedule="one-cycle", learning_rate=0.008),
        ),
        Recipe(
            "best",
            N_("Best"),
            N_("The best result of the classroom network, with augmentation and a learning rate that falls slowly."),
            TrainingConfig(
                epochs=40,
                batch_size=128,
                optimizer="adamw",
                schedule="cosine",
                learning_rate=0.003,
                augmentation=Augmentation(rotation=10, shift=0.06, zoom=0.1, shear=6, elastic=0.6),
                precision="float32",
            ),
        ),
        Recipe(
            "deep",
            N_("Deep"),
            N_('The network that comes with Digit Lab: MNIST, drawn digits and a "not a digit" class.'),
            TrainingConfig(
                preset="deep",
                epochs=16,
                batch_size=128,
                optimizer="adamw",
                schedule="cosine",
                learning_rate=0.003,
                loss="categorical",
                label_smoothing=0.05,
                validation_share=1 / 30,
                augmentation=Augmentation(rotation=10, shift=0.04, zoom=0.1, shear=8, elastic=0.7),
                drawings=True,
                # At the end of the cosine, epochs differ only by chance, so the best of 24 would be a lucky one.
                keep="last",
                precision="float32",
            ),
        ),
        Recipe(
            "too-hot",
            N_("Too hot"),
            N_("A learning rate that is far too large: the weights jump around and the loss never goes down."),
            TrainingConfig(epochs=1, batch_size=128, optimizer="sgd", learning_rate=2.0),
        ),
        Recipe(
            "memorizer",
            N_("Memorizer"),
            N_("Only 200 images, over and over: the network memorizes them but gets no better on new ones."),
            TrainingConfig(preset="dense-128", epochs=40, batch_size=32, train_images=200),
        ),
    )
}
