"""Labelled images: named datasets, file formats, splits, augmentation."""
