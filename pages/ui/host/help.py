"""Long texts of the Host page."""

from model.messages import N_

NO_KEY = N_(
    "This page is for the person who hosts Digit Lab: set DIGIT_LAB_TEACHER_KEY in the environment or in "
    ".streamlit/secrets.toml, restart the server, and enter the key here."
)
LOCKED = N_("Only the teacher of this server can see its memory, trainings and disk, and stop or delete runs.")
MEMORY = N_(
    "Of the container, if it has a limit, else of the machine. The figures below are resident memory: libraries that "
    "several processes share count for each of them."
)
PROCESSOR = N_("Processor cores that the server and its workers use on average over the last two seconds.")
VISITORS = N_("A visitor with two tabs counts twice. A tab that was closed counts for a few seconds more.")
STOPPED = N_("Stopped by the teacher.")
NO_TRAINING = N_("No training is running or waiting.")
PRUNE = N_(
    "Runs with a name, runs in training or in the queue, and runs used in the last ten minutes are never deleted."
)
NOTHING_TO_PRUNE = N_("There is nothing to delete: all other runs have a name or are in use.")
