"""Named settings of whole trainings. Knows records only.

`python -m model train --recipe deep` trains with one of them; any other option of that command overrides it.
"""

from dataclasses import dataclass

from model.config import Augmentation, TrainingConfig


@dataclass(frozen=True)
class Recipe:
    """Settings with one sentence why one would choose them."""

    name: str
    title: str
    why: str
    config: TrainingConfig


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("classroom", "Classroom", "The exercise as it is taught: Adam, five epochs of 32.", TrainingConfig()),
        Recipe(
            "five-seconds",
            "Five seconds",
            "One epoch of 128 whose learning rate climbs and falls.",
            TrainingConfig(epochs=1, batch_size=128, schedule="one-cycle", learning_rate=0.008),
        ),
        Recipe(
            "best",
            "Best",
            "The most that the classroom network gives: its images change every time, and the rate falls slowly.",
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
            "Deep",
            "The network that comes with Digit Lab: MNIST, drawn digits, and what is no digit.",
            TrainingConfig(
                preset="deep",
                epochs=24,
                batch_size=128,
                optimizer="adamw",
                schedule="cosine",
                learning_rate=0.003,
                loss="categorical",
                label_smoothing=0.05,
                validation_share=1 / 30,
                augmentation=Augmentation(rotation=10, shift=0.04, zoom=0.1, shear=8, elastic=0.7),
                drawings=True,
                # At the end of the cosine epochs differ by chance alone, and the best of 24 would be chosen by it.
                keep="last",
                precision="float32",
            ),
        ),
        Recipe(
            "too-hot",
            "Too hot",
            "A learning rate that is far too large: the weights jump about and the loss never comes down.",
            TrainingConfig(epochs=1, batch_size=128, optimizer="sgd", learning_rate=2.0),
        ),
        Recipe(
            "memorizer",
            "Memorizer",
            "Only 200 images, seen again and again: the network knows them by heart, and new ones no better.",
            TrainingConfig(preset="dense-128", epochs=40, batch_size=32, train_images=200),
        ),
    )
}
