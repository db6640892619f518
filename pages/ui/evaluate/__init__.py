"""What the Evaluate page needs."""
