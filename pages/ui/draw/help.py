"""The long texts of the Draw page, translated where they are shown, and its headlines, which tests look for."""

from model.messages import N_

DRAW_A_DIGIT = N_("Draw a digit")
DRAW_A_NUMBER = N_("Draw a number")
NO_IMAGE = N_("No image")

DIGIT_HINT = N_("The prediction appears when you lift the pen.")
NUMBER_HINT = N_("Write digits side by side, in one row or several. The prediction appears when you lift the pen.")
SEVERAL_DIGITS = N_("This looks like two digits or more.")
CANVAS = N_("Canvas: draw a digit with the mouse, a pen or a finger")
WIDE_CANVAS = N_("Canvas: draw several digits with the mouse, a pen or a finger")
IMAGE_HINT = N_("Choose an image to get a prediction.")
CAMERA_HINT = N_("Write a digit on paper with a dark pen. Ruled paper and a table around it are fine.")
FIND_PAPER = N_(
    "Finds the sheet, board or canvas that was written on, and straightens it: a photo shows the table around it, too. "
    "Off: the whole photo is read."
)

CENTRING = N_("Off: the whole canvas is shrunk to 28×28 pixels, as many apps do. Try a small digit in a corner.")
CENTRED = N_("Your drawing is scaled to 20 pixels and centred by its centre of mass, the way MNIST was made.")
NOTHING_TO_SQUEEZE = N_("Draw a digit to see the whole canvas shrunk to 28×28 pixels.")
PEN_WIDTH = N_(
    "This changes only how your drawing looks: the network reads the strokes at a fixed width. With centring off, it "
    "gets your pen's width."
)

OCCLUSION = N_("Orange: hiding this spot makes the network less sure of {label}. Blue: more sure.")
NO_LAYERS = N_("The file of this network doesn't contain its layers. Train a new network to see its feature maps.")
ONE_STROKE = N_("One stroke, one prediction. Draw a 4 or a 5 to see the prediction change from stroke to stroke.")
CALIBRATED = N_(
    "The network was calibrated after its last epoch, so the confidence above differs from that of the last point."
)
COURSE = N_("Probability of {label}, with the prediction at each point. Orange: a different prediction.")

BREAK_IT = N_(
    "The sliders change the image that the network sees; it isn't centred again afterwards. How far can you go before "
    "the prediction flips?"
)

LABEL = N_("What did you draw? Your answer saves the drawing on this server. Only you can see it.")
LABEL_SAVED = N_("What did you draw? :material/check: Saved in My drawings")
NO_DRAWINGS = N_(
    "No drawings saved yet. Draw a digit and select what you meant. It is saved on this server; only you can see it."
)
FINE_TUNING = N_(
    "A copy of this network is trained for three short epochs on your drawings, with random changes, and on images "
    "of its own dataset. About one drawing in four is held back to check whether the copy has "
    "learned your handwriting or only memorized these drawings."
)
BEFORE_AND_AFTER = N_(
    "The drawings it was trained on prove little: the copy may have memorized them. The held-back drawings show "
    "whether it reads your handwriting better, and the test images show whether it has forgotten anything."
)
