"""Shared by all pages: frame, services, session, permissions, text formatting."""
