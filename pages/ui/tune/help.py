"""Long texts of the Tune page."""

from model.messages import N_

INTRODUCTION = N_(
    "A search trains many networks for a short time, each with other settings, and shows which settings mattered. "
    "Every trial is an ordinary run: it waits in the queue, and you can open it, pause it or stop it."
)
READY_MADE = N_(
    "Eight short trainings with learning rates from far too small to far too large. It takes about {time}, good for "
    "showing in class."
)
EXAMPLE = N_("As an example, a finished search that comes with Digit Lab. The networks of its trials aren't included.")
RECIPE = N_("Everything that doesn't vary comes from this recipe, or from the Train page if you came from there.")
VALUES = N_(
    "A range is written low:high, or low:high:log to make each factor of ten equally likely. Choices are written "
    "with commas: 16,32,64."
)
METHOD = N_("With one or two settings, grid search shows most; with many settings, random search and TPE find more.")
PRUNER = N_("After each epoch, a trial that is worse than half of the others at that epoch is stopped.")
OBJECTIVE = N_(
    "Trials are compared on the validation images, never on the test images: if they chose the settings, the test "
    "accuracy of the winner would no longer show how well it does on new images."
)
MINUTES = N_("No trial starts after this time. 0 means no limit.")
TIME = N_("About {time} for {n} trials on two cores, less if trials are stopped early.")
TIME_ONE = N_("About {time} for one trial on two cores.")
NO_RUN = N_("This trial has no run: it was never started, it was deleted, or it belongs to the example.")
CLICK = N_("Click a point or a row to open the run of that trial.")
DOTS = N_("Blue: the best so far. Dashed: still training. Dotted: stopped early.")
MORE_PLOTS = N_("More plots appear once three trials are complete.")
NO_IMPORTANCES = N_("There is nothing to compare: all complete trials have the same value, or the same settings.")
REPEAT = N_(
    "Trains the best three again, each with two other seeds. If their order changes, the difference was chance."
)
ELSEWHERE = N_("This search runs in another process, such as a command line. You can watch it and stop it.")
VIEW_ONLY = N_("Somebody else started this search, so you can watch it but not stop it.")
INTERRUPTED = N_("The search was interrupted. It goes on when this server has room for it.")
FROM_COMMAND_LINE = N_("It was started in a terminal. Continue it there with `python -m model tune --resume {search}`.")
