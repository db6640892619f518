"""Everything Digit Lab knows about digits, networks and trainings; nothing about web pages.

The map, each file with what it may know:

    records, errors      plain values and sentences; import nothing of ours
    files, quiet         files that appear whole, a lock; a quiet terminal
    data, data_formats   named datasets as uint8 arrays
    ink                  drawn strokes -> the image a network was taught with
    ink_image, ink_parts pictures of ink -> the same; ink that hangs together
    grouping             which strokes or parts of ink make up a digit
    drawings, scribbles  drawn characters and their writers; what is no digit, made up
    stroke_augmentation  the same character by other hands
    handwriting          a dataset joined by drawings and by what is no digit
    augmentation, splits small changes to training images; which of them validate
    networks, schedules  networks as lists of layers, with shapes and counts; the learning rate at every step
    recipes              named settings of whole trainings
    processor            whether the processor computes in bfloat16
    metrics, calibration figures from labels and probabilities (scikit-learn); how far to believe them (SciPy)
    recognizer, reader   exported networks answer images (LiteRT), drawings in and readings out
    answering, picture   any network asked about single images; pictures brought to its size
    breaking             one image changed until the answer flips                       (SciPy)
    my_drawings          a visitor's own labelled drawings, kept on the server
    lessons              a person's own drawings taught to a copy of a network
    glimpse              what a training shows of itself after each epoch
    advice, sharing      what a training's curves say, in words; curves as CSV, settings as a link
    history, runs        the run folder: events, curves, list, open, delete
    labels, extension    a run's name and who may steer it; what it takes over from the run it goes on from
    evaluation           a run scored on test images and on drawn digits
    judgement            what answers say beyond figures: compared, confused, believed  (SciPy)
    robustness           accuracy on test images that were turned, moved, blurred, …    (SciPy)
    explain              where a network looks, what its layers see, how its answer grew
    projection           features laid out in two dimensions                            (scikit-learn)
    limits, costs        how much a server lends to trainings; how long they take
    upkeep               old runs make room for new ones
    control, jobs        what may be asked of a training; starts and steers worker processes
    architectures        networks -> Keras models                       (Keras)
    training             the one training loop                          (Keras)
    worker               the process around training
    __main__             the command line

The import law: this package knows neither Streamlit nor Plotly, and only `architectures` and `training`
import Keras or TensorFlow. `worker` and `__main__` reach those two inside functions, so that whoever imports
any other file here (the web server, for one) never pays for TensorFlow. `tests/unit/test_import_law.py` reads the
imports and fails when an arrow turns round.

This file imports nothing, so that `python -m model` starts at once.
"""
