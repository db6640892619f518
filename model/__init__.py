"""Everything Digit Lab knows about digits, networks and trainings; nothing about web pages.

The packages, each of which may import those above it:

    errors, results      exceptions; figures and predictions as plain values
    limits, config, ink  a host's limits; training settings; strokes and photos -> 28x28 images
    data                 labelled images come in
    networks             networks as lists of layers, and as Keras models
    runs                 one folder per training
    inference            a stored network predicts (LiteRT)
    drawings             collections of drawn characters
    evaluation           how good, how certain, how robust, and why
    training             the training loop and the process around it
    jobs, cli            the app's queue of worker processes; the command line

Only `networks.keras_models`, `training.loop` and `training.export` import Keras or TensorFlow, and no module that the
web server imports reaches them. This package knows neither Streamlit nor Plotly.
"""
