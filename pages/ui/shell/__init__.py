"""What every page shares: frame, services, session, permissions, words."""
