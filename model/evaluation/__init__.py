"""Evaluation of networks: metrics, calibration, robustness and explanations."""
