import re
import subprocess
import sys

import pytest
from babel.messages.pofile import read_po

from tests.support import PROJECT


@pytest.fixture(scope="session")
def extracted_texts(tmp_path_factory):
    """The messages that the documented command extracts, by their text, or by singular and plural."""
    (command,) = re.findall(r"`pybabel (extract .*) -o \S+ \.`", (PROJECT / "pyproject.toml").read_text())
    file = tmp_path_factory.mktemp("template") / "digit_lab.pot"
    pybabel = [sys.executable, "-m", "babel.messages.frontend", "-q", *command.split(), "-o", file, "."]
    subprocess.run(pybabel, cwd=PROJECT, check=True)
    with file.open("rb") as opened_file:
        return {message.id: message for message in read_po(opened_file) if message.id}
