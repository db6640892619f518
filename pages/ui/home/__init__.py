"""What the Home page needs."""
