"""Robustness: accuracy on rotated, shifted, scaled, thickened, blurred and noisy test images.

Measured once in the background and saved with the run. Knows scores, charts and the grid.
"""

import numpy as np
import streamlit as st

from model.errors import DataError, DigitLabError
from model.evaluation.perturbations import PERTURBATIONS, perturb
from model.evaluation.robustness import Robustness
from model.jobs.robustness_job import RobustnessJob
from model.runs.run import FinishedRun
from pages.ui import glossary
from pages.ui.charts import evaluation as evaluation_charts
from pages.ui.components.image_grid import Tile, image_grid
from pages.ui.components.live_chart import live_chart
from pages.ui.language import format_number
from pages.ui.shell import predictions, services
from pages.ui.shell.text import markdown
from pages.ui.translation import _, translate

_POLL_S = 0.5
_HEIGHT, _SIDE = 200, 40


def show(run: FinishedRun) -> None:
    """Draw the curves, or the progress of their measurement."""
    job = _job(run)
    if job is None:
        return
    if job.result:
        _curves(run, job.result)
    else:
        st.fragment(_progress, run_every=_POLL_S)(run)


def _job(run: FinishedRun) -> RobustnessJob | None:
    """Return the measurement, or show why there is none."""
    try:
        return predictions.robustness_of(run)
    except DigitLabError as error:
        st.info(markdown(error), icon=":material/image_not_supported:")
        return None


def _progress(run: FinishedRun) -> None:
    job = _job(run)
    if job is None:
        return
    if job.failure:
        st.warning(markdown(job.failure))
        st.button(_("Try again"), icon=":material/replay:", on_click=services.robustness_jobs().forget, args=(run,))
    elif job.result:
        st.rerun()
    else:
        st.progress(
            job.share, text=_("Measuring the accuracy on perturbed test images. The result is saved with the run.")
        )


def _curves(run: FinishedRun, robustness: Robustness) -> None:
    st.caption(
        _("Accuracy on {n} perturbed test images. A diamond marks the original images.").format(
            n=format_number(robustness.n, ",")
        ),
        help=glossary.explain("Robustness"),
    )
    example = _example(run)
    for row in _in_pairs(list(robustness.curves.items())):
        for column, (kind, curve) in zip(st.columns(2, gap="medium"), row, strict=False):
            perturbation = PERTURBATIONS[kind]
            with column:
                st.markdown(f"**{translate(perturbation.title)}**")
                points = zip(curve.strengths, curve.accuracies, strict=True)
                live_chart(
                    evaluation_charts.robustness(perturbation, curve.strengths, curve.accuracies),
                    f"eval-robust-{kind}",
                    _HEIGHT,
                    _("Accuracy by {unit}: {points}.").format(
                        unit=translate(perturbation.unit),
                        points="; ".join(
                            f"{format_number(strength, 'g')}: {format_number(accuracy, '.1%')}"
                            for strength, accuracy in points
                        ),
                    ),
                )
                if example is not None:
                    image_grid(_perturbed(example, kind, curve.strengths), side=_SIDE)


def _in_pairs(items: list) -> list[list]:
    return [items[i : i + 2] for i in range(0, len(items), 2)]


def _example(run: FinishedRun) -> np.ndarray | None:
    try:
        return services.test_images(run)[:1]
    except DataError:  # the curves are saved with the run, the images aren't
        return None


def _perturbed(image: np.ndarray, kind: str, strengths: tuple[float, ...]) -> list[Tile]:
    title = translate(PERTURBATIONS[kind].title)
    return [
        Tile(
            perturb(image, kind, strength)[0],
            (format_number(strength, "g"),),
            _("Test image, {perturbation}: {strength}").format(
                perturbation=title, strength=format_number(strength, "g")
            ),
        )
        for strength in strengths
    ]
