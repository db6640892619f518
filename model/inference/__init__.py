"""Predictions of a saved network, computed with LiteRT."""
