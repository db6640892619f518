"""Host: the memory, processor, trainings and runs of this server, for its teacher."""

import streamlit as st

from model.messages import N_
from pages.ui.host import disk, help, panel
from pages.ui.shell import frame, identity, permission
from pages.ui.translation import _

frame.page(N_("Host"))
identity.identify()

st.title(_("Host"))
if not permission.has_teacher_key():
    st.info(_(help.NO_KEY), icon=":material/key:")
elif not permission.is_teacher():
    permission.key_field(_(help.LOCKED))
else:
    panel.show()
    disk.show()

frame.footer()
