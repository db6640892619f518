"""The settings with which a step's "Try it yourself" opens another page."""

from dataclasses import replace

from model.config import CUSTOM, TrainingConfig, settings_text
from model.training.recipes import RECIPES
from pages.ui.learn import materials, steps
from pages.ui.learn.steps import Step
from pages.ui.shell import services, session


def settings_of(step: Step) -> dict[str, str]:
    """Return the query parameters for the page of a step."""
    if step.name in (steps.CONVOLUTION, steps.POOLING):
        return {"run": materials.RUNS["good"], "image": "0", "part": "inside"}
    if step.name == steps.BUILD:
        design, config = session.lesson_design(), TrainingConfig(dataset=services.default_dataset())
        return {"settings": settings_text(replace(config, preset=CUSTOM, design=design) if design else config)}
    if step.name == steps.TRAIN:
        return {"settings": settings_text(replace(RECIPES["too-hot"].config, dataset="uci-digits", epochs=5))}
    if step.name == steps.MISTAKES:
        return {"run": materials.RUNS["overfitted"]}
    return {}
