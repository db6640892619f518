"""Plotly figures and SVG from arrays. No Streamlit."""
