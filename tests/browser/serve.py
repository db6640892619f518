"""`python -m tests.browser.serve ADDRESS run app.py …` is `streamlit run app.py …` with quick workers."""

import sys

from streamlit.web.cli import main

from tests.quick_workers import replace_popen

if __name__ == "__main__":
    replace_popen(sys.argv.pop(1))
    main(prog_name="streamlit")
