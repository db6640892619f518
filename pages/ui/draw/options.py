"""The options of the Draw page's two selections, by key: the inputs, and the sections below a prediction.

Knows nothing but their titles, so that tests can import them without a server.
"""

from model.messages import N_

DIGIT, NUMBER, PICTURE, PHOTO, TEST = "digit", "number", "picture", "photo", "test"
INPUTS = {
    DIGIT: N_("Digit"),
    NUMBER: N_("Number"),
    PICTURE: N_("Image file"),
    PHOTO: N_("Camera"),
    TEST: N_("Test image"),
}

INSIDE, GROWTH, BREAK, MY_DRAWINGS = "inside", "growth", "break", "mine"
SECTIONS = {
    INSIDE: N_("Inside the network"),
    GROWTH: N_("How the prediction formed"),
    BREAK: N_("Break it"),
    MY_DRAWINGS: N_("My drawings"),
}
SECTION_ICONS = {
    INSIDE: ":material/layers:",
    GROWTH: ":material/timeline:",
    BREAK: ":material/blur_on:",
    MY_DRAWINGS: ":material/collections_bookmark:",
}
