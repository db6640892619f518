"""One folder per training: written, followed, listed, continued, deleted."""
