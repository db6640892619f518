"""Collections of drawn characters, and how they are added to a training set."""
