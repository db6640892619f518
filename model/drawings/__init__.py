"""Collections of drawn characters, and how they join a training."""
