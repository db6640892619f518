"""Streamlit components and HTML of our own."""
