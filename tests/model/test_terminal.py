"""Terminals that lack characters, readers that leave early, and tables."""

import io
import os
import signal
import subprocess
import sys
import time

import pytest

from model import terminal
from tests.support import PROJECT


def call(*arguments, **environment):
    command = [sys.executable, "-m", "model", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, env=os.environ | environment)


@pytest.mark.parametrize("name", ["short", "a rather long name of forty characters!!", "電車と花", "cafe\u0301"])
def test_a_table_keeps_its_columns(name):
    first, second = terminal.table([("class", "n"), (name, "12")], numbers=[1])
    wide = 2 * sum(letter > "\u3000" for letter in name) + sum(letter < "\u0300" for letter in name)
    assert len(first) == max(5, wide) + 4
    assert second.startswith(name)
    assert second.endswith("  12")
    assert terminal.table([]) == []


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_any_text_can_be_printed(monkeypatch, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.accept_every_character()
    print("[[x, y], …] 電 28×28 ü")
    stream.flush()
    shown = stream.buffer.getvalue().decode(encoding)
    assert shown.startswith("[[x, y], ")
    assert "\\u96fb" in shown


@pytest.mark.slow
@pytest.mark.parametrize("command", ["evaluate deep", "runs", "train --help"])
def test_a_reader_that_leaves_early_is_no_error(command):
    shell = f"{sys.executable} -u -m model {command} | head -n 1"
    result = subprocess.run(shell, shell=True, cwd=PROJECT, capture_output=True)
    assert result.stdout
    assert result.stderr == b""


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_commands_work_in_terminals_without_unicode(tmp_path, encoding):
    drawing = tmp_path / "ä 電.jsonl"
    drawing.write_text("no JSON", encoding="utf-8")
    for arguments, code in ((["runs"], 0), (["predict", str(drawing)], 2), (["predict", "--help"], 0)):
        result = call(*arguments, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert result.returncode == code, result.stderr
        assert b"Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 0.7, 1.5])
def test_ctrl_c_ends_a_command_without_a_traceback(tmp_path, seconds):
    drawings = tmp_path / "many.jsonl"
    drawings.write_text('{"strokes": [[[80, 70], [200, 70], [140, 210]]]}\n' * 50_000)
    command = [sys.executable, "-m", "model", "predict", str(drawings)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (-signal.SIGINT, terminal.INTERRUPTED)
    assert errors.strip() == ""
