"""What the Draw page needs."""
