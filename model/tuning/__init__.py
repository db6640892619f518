"""Searches for good hyperparameters: many short trainings, each an ordinary run, chosen by Optuna."""
