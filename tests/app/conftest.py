"""Every page test starts without cached values and without a network."""

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def nothing_cached(monkeypatch):
    """Every test asks for its own home and data; the network is never asked."""
    monkeypatch.setattr("model.data.catalog.reachable", lambda name, timeout=2.0: False)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
