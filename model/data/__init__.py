"""Labelled images come in: named datasets, files, splits, augmentation."""
