"""What the Train page needs."""
