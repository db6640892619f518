"""Names, ids, links and texts from outside: each is valid, or rejected with a message."""

import base64
import json
import re
from contextlib import suppress
from dataclasses import asdict
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import strategies as st

from model.config import LOSSES, OPTIMIZERS, Block, Design, TrainingConfig, settings_from, settings_text
from model.data import catalog
from model.errors import ConfigError, DataError, RunError
from model.limits import DEFAULT_LIMITS, Limits
from model.messages import Message
from model.runs.metadata import MAX_NAME, MAX_NOTE, RunMetadata, fingerprint
from model.runs.store import CLASSROOM_RUN, DEFAULT_RUN, RunStore
from pages.ui.charts.common import chart_text
from pages.ui.components.image_grid import Tile, _figure
from pages.ui.draw import inputs
from pages.ui.shell import identity
from pages.ui.shell.policy import Policy
from pages.ui.shell.text import markdown, plain
from tests.fuzz.hostile import cases, numbers, objects, one_changed, texts, to_json, values

pytestmark = pytest.mark.slow

IDS = (
    texts
    | st.sampled_from([DEFAULT_RUN, CLASSROOM_RUN, "mine", "../victim", "mine/../../victim", "./mine", "mine/", "MINE"])
    | st.lists(st.sampled_from(["..", "/", "mine", "victim", ".", "\\", "\0", "%2e%2e", "a"]), max_size=5).map("".join)
)


@cases(1000, IDS)
def test_no_id_leads_out_of_the_folder_of_the_runs(folder, run_id):
    store = RunStore(folder / "home")
    if not store.home.exists():
        store.create(TrainingConfig()).path.rename(store.home / "mine")
        (folder / "victim").mkdir()
        (folder / "victim" / "config.json").write_text((store.home / "mine" / "config.json").read_text())
    with suppress(RunError):
        assert store.open(run_id).id in ("mine", DEFAULT_RUN, CLASSROOM_RUN)
    for change in (lambda: store.set_metadata(run_id, RunMetadata("x")), lambda: store.delete(run_id)):
        if run_id != "mine":
            with suppress(RunError):
                change()
                raise AssertionError(run_id)
    assert {path.name for path in folder.iterdir()} == {"home", "victim"}
    assert {path.name for path in (folder / "victim").iterdir()} == {"config.json"}
    assert (store.home / "mine" / "config.json").exists()


@cases(400, texts | st.integers(-5, 10**9).map(str) | st.sampled_from(["٣", "²", "1_0", " 7", "0x7", "1e3", "-0"]))
def test_the_image_in_a_link_is_a_small_number(folder, text):
    number = inputs._whole_number(text)
    assert number == -1 or 0 <= number < 10**7


usual = asdict(TrainingConfig()) | {"design": None}
BLOCKS = objects(**{name: st.just(value) for name, value in asdict(Block()).items()})
DESIGNS = objects(
    blocks=st.lists(BLOCKS, max_size=8),
    dense=st.lists(numbers, max_size=6),
    dropout=numbers,
    activation=st.sampled_from(["relu", "tanh"]),
)
FIELDS = {name: st.just(value) for name, value in usual.items()} | {
    "augmentation": objects(**dict.fromkeys(usual["augmentation"], numbers)),
    "design": DESIGNS,
    "preset": st.sampled_from(["own", "deep"]) | texts,
    "dataset": texts,
}
VALID = {
    "epochs": st.integers(0, 1001),
    "batch_size": st.integers(1, 4096),
    "optimizer": st.sampled_from(OPTIMIZERS),
    "learning_rate": st.floats(1e-9, 101),
    "loss": st.sampled_from(LOSSES),
    "dataset": st.text("abc ._-9/", min_size=1, max_size=8),
    "preset": st.text("abc ._-9/", min_size=1, max_size=8),
    "start_from": st.text("abc ._-9/", max_size=4),
    "seed": st.integers(0, 2**31),
}
GOOD = {name: value for name, value in usual.items() if name != "design"}
LINKS = (
    (objects(**FIELDS) | one_changed(GOOD, **VALID) | st.fixed_dictionaries({}, optional=VALID))
    .map(lambda settings: base64.urlsafe_b64encode(to_json(settings).encode()).decode().rstrip("="))
    .flatmap(lambda link: st.just(link) | st.integers(len(link) - 3, len(link)).map(lambda cut: link[: max(cut, 0)]))
) | texts


@cases(1100, LINKS)
def test_a_settings_link_gives_valid_settings_or_a_message(folder, link):
    try:
        config = settings_from(link)
    except ConfigError as error:
        assert len(str(error)) < 700
        markdown(error).encode()
        return
    assert settings_from(settings_text(config)) == config
    assert re.fullmatch(r"[\w.-]+", f"{config.preset}{config.start_from}", re.ASCII)
    assert "/" not in config.dataset
    json.dumps(config.to_dict(), allow_nan=False).encode()


@cases(200, texts | st.sampled_from([*catalog.BUILTINS, "../mnist", "mnist.npz", "mnist/"]))
def test_no_name_of_a_dataset_leads_to_another_folder(folder, name):
    with suppress(DataError):
        assert catalog.status(name).name in catalog.BUILTINS


@cases(900, st.tuples(texts, texts))
def test_names_and_notes_are_short_readable_and_stored(folder, name_and_note):
    name, note = name_and_note
    try:
        metadata = RunMetadata(name, note)
    except RunError as error:
        markdown(error).encode()
        return
    for text, most in ((metadata.name, MAX_NAME), (metadata.note, MAX_NOTE)):
        assert len(text.encode()) <= 4 * most
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "\n" not in metadata.name


# What Streamlit 1.67 replaces after it has parsed Markdown and removed the escapes (StreamlitMarkdown.js): links and
# mail addresses of remark-gfm, icons, the logo, emoji, arrows. Escapes don't help against these.
_LATER = (
    r"https?://[-.\w]+",
    r"(?<![^\s\W])www\.[-.\w]+",
    r"[-.\w+]+@[-\w]+(\.[-\w]+)+",
    r":material[/_]\w+:",
    r":streamlit:",
    r":(\+1|-1|[\w-]+):",
    r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
)
_SPECIAL = re.compile(r"(?<!\\)(?:\\\\)*[`*_{}\[\]()<>#|$~:&!]")


@cases(1100, texts)
def test_a_text_from_outside_is_never_markdown(folder, text):
    shown = plain(text)
    shown.encode()
    assert "\n" not in shown
    assert not _SPECIAL.search(shown), shown
    unescaped = re.sub(r"\\(.)", r"\1", shown)
    assert not any(re.search(pattern, unescaped, re.IGNORECASE) for pattern in _LATER), unescaped
    assert [c for c in unescaped if c not in "\u2060 "] == [c for c in unescaped.replace("\u2060", "") if c != " "]


@cases(300, st.dictionaries(st.sampled_from(["a", "b"]), texts | numbers, min_size=2))
def test_values_in_a_message_are_never_markdown(folder, placeholders):
    inner = Message("*{b!r}*", placeholders)
    shown = markdown(Message("`{a}` {inner}", placeholders | {"inner": inner}))
    shown.encode()
    assert not _SPECIAL.search(re.sub(r"^`|`(?= )|(?<= )\*|\*$", "", shown))


class _Tags(HTMLParser):
    def __init__(self, html):
        super().__init__(convert_charrefs=False)
        self.tags, self.attributes = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _value in attributes]


@cases(500, st.tuples(texts, texts))
def test_a_text_from_outside_is_never_html(folder, both):
    line, alt = both
    import numpy as np

    read = _Tags(_figure(Tile(np.zeros((8, 8), np.uint8), (line,), alt)))
    assert (read.tags, read.attributes) == (["figure", "img", "figcaption"], ["src", "alt"])
    assert not _Tags(chart_text(line)).tags, "Plotly would interpret it"
    assert unescape(chart_text(line)) == unescape(line) or "&" in line


TOKENS = st.text("abcXYZ019-_", min_size=1, max_size=70) | values


@cases(300, objects(tab=TOKENS, browser=TOKENS) | values)
def test_tokens_are_two_long_words_or_ignored(folder, tokens):
    if identity._is_visitor(tokens):
        assert set(tokens) == {"tab", "browser"}
        assert all(re.fullmatch(r"[\w-]{16,64}", token, re.ASCII) for token in tokens.values())


SECRETS = st.text(min_size=1, max_size=4) | st.sampled_from(["", "tab", "browser", fingerprint("tab")])


@cases(400, st.tuples(SECRETS, SECRETS, SECRETS, SECRETS, st.booleans()))
def test_nobody_without_the_tokens_has_a_right_to_a_run(folder, drawn):
    tab, browser, own_tab, own_browser, has_key = drawn
    run = RunMetadata(tab=fingerprint(own_tab), browser=fingerprint(own_browser))
    policy = Policy(tab, browser, has_teacher_key=has_key)
    same_tab, same_browser = bool(tab) and tab == own_tab, bool(browser) and browser == own_browser
    assert policy.may_control(run) == (same_tab and not has_key)
    assert policy.owns(run) == (bool(own_browser) and (same_tab or same_browser))
    if own_tab and not (same_tab or same_browser):
        assert not policy.may_resume(run)
        assert not policy.may_take_control(run)


NAMES = st.sampled_from([f"DIGIT_LAB_MAX_{field.upper()}" for field in asdict(DEFAULT_LIMITS)])


@cases(400, st.dictionaries(NAMES, texts | numbers.map(str) | st.sampled_from(["１２", "1_000", "+5", "0x10", "1e3"])))
def test_any_environment_gives_usable_limits(folder, environment):
    limits, wrong = Limits.from_environment(environment)
    assert all(0 < value <= 1_000_000 for value in asdict(limits).values())
    assert len(wrong) <= len(environment)
    assert all(len(message) < 300 for message in wrong)


def test_a_design_from_a_link_can_be_stored():
    design = Design((Block(),), (8,), 0.5)
    config = TrainingConfig(preset="own", design=design)
    assert settings_from(settings_text(config)).design == design
