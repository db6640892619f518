"""One folder per training: write it, follow it, list it, continue it, delete it."""
