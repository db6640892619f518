"""The app's side of training: a queue of worker processes, and measurements in the background."""
