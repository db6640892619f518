"""Long help texts of the Evaluate page. What a term means is in the glossary; these sentences add what the page shows.

Constants in English; `_` translates them where they are shown.
"""

from model.messages import N_

EPOCH = N_(
    "Choose one to see the network as it was then: metrics, matrix and images all change. Epoch 0 is untrained; "
    '"final" is the network that the run uses.'
)
FINAL_NETWORK = N_(":material/info: This is the final network, not the network after epoch {epoch}.")
MEAN_OF_CLASSES = N_("Shown here is the mean over all classes.")
MATRIX = N_(
    "Rows are true classes, columns are predicted classes. Correct predictions are framed in blue; the deeper the "
    "orange, the more common the mistake. **Click a cell to see its images.**"
)
CALIBRATION = N_(
    "Each diamond, with its bar, is a group of predictions with similar confidence: x is the confidence they claimed, "
    "y is the share that were right. Below the dashed line the network is overconfident, above it underconfident. "
    "Small groups scatter by chance: hover over a diamond to see how many predictions it stands for."
)
CONFIDENCE_HISTOGRAM = N_("How many test images were predicted at each level of confidence (log scale).")
EMBEDDING = N_(
    "Each point is one of the first {n} test images; hover over it to see the image. Images that look alike to the "
    "network are close together. The colour is the true class. Crosses are misclassified images, often at the edge of "
    "a group or inside another one."
)
NEIGHBOURS = N_(
    "Out of {n} training images, these have the embeddings closest to that of this image: to the final network they "
    "look most like it."
)
OCCLUSION = N_(
    "**Occlusion map.** Orange: hiding this spot makes the network less sure of {prediction}. Blue: more sure."
)
TILES = N_("Under each image: true → predicted class, confidence and second choice. Click an image for details.")
NO_DRAWINGS = N_(
    "No drawings are available. To test the network on handwriting, label your drawings on the Draw page, or save a "
    "file drawn-digits.jsonl in the folder named by DIGIT_LAB_DATA, with one line like this for each drawing: "
    "`{example}`"
)
OTHER_READER = N_("This network doesn't read digits, so it can't be tested on drawings of digits.")
BENCHMARK = N_("A test set only shows how well a network reads images that are like its training images.")
