"""Glossary: the field's words, two sentences each, with a search field."""

import streamlit as st

from model.messages import N_
from pages.ui.home import term_list
from pages.ui.shell import frame
from pages.ui.translation import _

frame.page(N_("Glossary"))

st.title(_("Glossary"))
term_list.show(term_list.search_field())

frame.footer()
