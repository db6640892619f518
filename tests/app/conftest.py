"""Every page test starts with empty caches and offline."""

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def empty_caches_and_offline(monkeypatch):
    """Each test has its own home and data, and never uses the network."""
    monkeypatch.setattr("model.data.catalog.reachable", lambda name, timeout=2.0: False)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
