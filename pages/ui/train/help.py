"""Long texts of the Train page: tooltips, and sentences that tests look for.

A term of the glossary is explained by `glossary.explain`; a tooltip here adds what is particular to its widget.
"""

from model.messages import N_

RECIPE = N_("A recipe sets everything below except the dataset. You can then change any setting.")
CUSTOM_SETTINGS = N_("Your own choice of settings. Choosing a recipe replaces them.")
DATASET = N_("To add your own, upload its files below, or put them in the folder named by DIGIT_LAB_DATA.")
UPLOAD = N_(
    "A zip of a folder with one sub-folder of images per class, an .npz, a CSV with a label and pixels in each line, "
    "or MNIST's idx files. Without a test part, a fifth of the images becomes the test set."
)
UPLOAD_PRIVACY = N_(
    "Only you can choose an uploaded dataset. Everyone can see the runs trained on it and their test images. It is "
    "deleted with its runs, or after a day without any."
)
INVERT = N_("Exchanges light and dark: the network is trained on light ink on black, as on the Draw page.")
SHAPE = N_("{size} pixels, {colours}; pixel values from {low} to {high}.")
DARK_INK = N_("Dark ink on a light ground.")
LIGHT_INK = N_("A dark ground, or no clear ground.")
SCHEDULE = N_(
    "Constant: no change. Step: two steps down, to a hundredth. Cosine: up, then down along a curve; good for many "
    "epochs. One-cycle: up and down in straight lines; good for few epochs."
)
LEARNING_RATE = N_("With a schedule, this is the highest rate.")
SCHEDULE_CHART = N_("Learning rate over the course of the training:")
AUGMENTATION = N_("Every time an image is used, it is randomly transformed within these limits.")
LABELS = N_("The loss is the same cross-entropy for both, but only one-hot labels can be smoothed.")
PATIENCE = N_("0 turns it off.")
KEEP = N_("The finished network uses the weights of this epoch.")
TRAIN_IMAGES = N_("Trains on only a part of the images, to show what too little data does. 0 uses all images.")
DRAWINGS = N_(
    "This adds scribbles and signs to the training images, and real drawings of digits and letters if they are "
    "available on this server."
)

NETWORK = N_(
    "The dense networks are from the classroom exercise: two convolutions with pooling, then dense layers. With a "
    "custom network you choose every layer."
)
BLOCKS = N_("Each block can end with pooling. With 0 blocks, the pixels go straight to the dense layers.")
DENSE = N_("The output layer, with one neuron per class, is added automatically.")
DROPOUT = N_("It is applied to the inputs of the output layer.")
ACTIVATION = N_("Sigmoid and tanh squeeze all values into a small range and train slowly in deep networks.")
NEURONS = N_("If the feature maps before it are large, each neuron adds thousands of parameters.")
NO_TABLE = N_("The layers can't be shown: the size of your own images is only known once the dataset has been loaded.")

FROM_LINK_TOO_HIGH = N_("{setting} is limited to {most} here; the link has {value}.")
FROM_LINK_NO_DATASET = N_("The dataset {dataset} in this link isn't available here. Choose another one.")
FROM_LINK_NO_NETWORK = N_("The network {network} in this link doesn't exist. {replacement} is used instead.")
DOWNLOAD = N_("Not on this server yet: it will be downloaded when the training starts.")
DOWNLOAD_OF_SIZE = N_("Not on this server yet: it will be downloaded ({megabytes} MB) when the training starts.")
NOT_AVAILABLE = N_(
    ":material/cloud_off: {dataset} isn't available: it isn't on this server, and the server to download it from "
    "doesn't respond. Put {file} in the folder named by DIGIT_LAB_DATA, connect to the internet, or choose UCI digits, "
    "which need no download."
)
INSTEAD_OF_MNIST = N_(
    "1,797 real handwritten digits that need no download. To use MNIST, put mnist.npz in the folder named by "
    "DIGIT_LAB_DATA, or connect to the internet and choose it above."
)
NO_PREVIEW = N_("No preview yet: the images will be downloaded when the training starts.")
NO_AUGMENTATION = N_("No augmentation: every epoch uses the same images.")
AUGMENTED = N_("Top row: the original images. Below: three random variants, as used in training.")

TIME = N_("About {time} on two cores.")
TIME_SHORT = N_("A few seconds on two cores.")
TIME_LIMIT = N_("The training stops after {minutes} min, the limit on this server, and its network is saved.")
MEMORY = N_(
    ":material/memory: It needs about {needed} MB of memory but only {free} MB are free, so it may not finish: choose "
    "a smaller network or smaller batches."
)
WAITS = N_("Another run is in progress. Yours will wait in the queue and start automatically.")
WATCH = N_(
    "Choose a dataset and a network, then press **Start**. Loss and accuracy are updated with every batch. After each "
    "epoch, the network is scored on validation images that it is never trained on. The training continues when you "
    "leave this page, and the link to this page brings you back."
)

QUEUED = N_("number {place} in the queue; starts automatically")
QUEUED_WITH_WAIT = N_("number {place} in the queue; starts automatically in about {time}")
RESULT = N_("{accuracy} of {n} test images correct, with the weights of epoch {epoch} of {epochs}")
RESULT_OF_PART = N_(
    "{accuracy} of {n} test images correct, with the weights from the middle of epoch {epoch} of {epochs}"
)
RATE = N_("A schedule keeps its shape and continues from the new rate.")
VIEW_ONLY = N_("View only: this run is controlled from where it was started.")
OTHER_TAB = N_("View only: you started this run in another tab of this browser.")
NO_REASON = N_("The training ended without leaving a reason, as when the server is killed or its disk is full.")
RESUME_FROM_CHECKPOINT = N_("Resume continues from the last checkpoint.")
RESUME_FROM_START = N_("Resume starts over, because there is no checkpoint yet.")
RESUME_BY_OWNER = N_("Only the person who started this run can resume it.")
NAME = N_("A run with a name is never deleted to make room.")
SAME_SEED = N_("Same settings and seed: the same first weights and the same order of images.")
CONTINUE = N_(
    "A new run that starts with the curves of this one and continues from its last epoch. A schedule is stretched over "
    "all epochs, so a learning rate that had fallen rises again."
)

ZOOM_IN = N_("A closer look at the later batches: log-scale loss, and accuracy from its plateau up.")
SAME_SETTINGS = N_(
    "All settings are the same, including the seed. As far as the curves overlap, they differ by chance."
)
SAME_SETTINGS_OTHER_RATE = N_(
    "All settings are the same, including the seed. In some runs, the learning rate was changed during training."
)
SAME_SETTINGS_OTHER_IMAGES = N_("All settings are the same, including the seed, but the images are not.")
AFTER_EPOCH = N_("Validation images after epoch {epoch}")
PREDICTIONS = N_(
    "The same {n} validation images after every epoch, with prediction and confidence: ✓ correct, ✗ wrong. Correct "
    "before training and after each epoch: {counts}."
)
FILTERS = N_(
    "Each square is a filter of the first convolution, which slides over the whole image. Ink under orange weights "
    "raises its output, ink under blue weights lowers it, so it responds to an edge, a stroke or a corner."
)
COLOUR_FILTERS = N_(
    "Each square is a filter of the first convolution, which slides over the whole image. It responds where the image "
    "has the filter's pattern and colours."
)
COULD_LEARN_MORE = N_("The loss was still going down at the end, so more epochs may help.")
