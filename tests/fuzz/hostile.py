"""Strategies that build hostile input, and the decorator that runs a test on a fixed number of cases.

The cases are the same in every run, so a test never fails by chance. There is no deadline: machines may be busy.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CASES: dict[str, int] = {}  # the number of cases of each test

settings.register_profile(
    "hostile", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def cases(n: int, strategy: st.SearchStrategy) -> Callable:
    """Run `test(folder, value)` on `n` values of a strategy; `folder` is an empty one that all of them share."""

    def decorate(test: Callable[..., None]) -> Callable:
        def run(tmp_path):
            ran = 0

            def case(value):
                nonlocal ran
                ran += 1
                test(tmp_path, value)

            settings(settings.get_profile("hostile"), max_examples=n)(given(strategy)(case))()
            assert ran >= n, f"only {ran} cases"

        functools.update_wrapper(run, test, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
        del run.__wrapped__  # pytest would look for its arguments
        CASES[f"{test.__module__}.{test.__name__}"] = n
        return run

    return decorate


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![](https://evil.example/pixel.png)",
    "[Log in again](https://evil.example)",
    "https://evil.example/login",
    "www.evil.example",
    "somebody@evil.example",
    ":material/home: :smile: :streamlit: :red[x] :small[y]",
    "**b** _i_ ~~s~~ `c` $x^2$ # h",
    "a -> b -- c >= d <-> e",
    "| a | b |\n|---|---|\n| c | d |",
    "=HYPERLINK(0)",
    "%{customdata} <a href='javascript:alert(1)'>x</a>",
    "{0} {name.__class__} %s %(x)s",
    "../../../etc/passwd",
    "..\\..\\windows",
    "/etc/passwd",
    "~/.ssh/id_rsa",
    "file:///etc/passwd",
    "CON",
    "a\0b",
    "\ud800",
    "\u202etxt.exe",
    "\x1b[2J\x1b]0;title\x07",
    "\r\nSet-Cookie: a=b",
    "x" * 10_000,
    "é" * 300,
    "",
    " ",
    ".",
    "..",
)
characters = st.characters(codec=None)  # with lone surrogates
texts = (
    st.sampled_from(PAYLOADS)
    | st.text(characters, max_size=40)
    | st.lists(st.sampled_from(PAYLOADS[:-6]) | st.text(characters, max_size=4), min_size=2, max_size=4).map("".join)
)
numbers = st.one_of(
    st.integers(-3, 300),
    st.sampled_from([10**400, -(10**400), 2**53, 2**63, -1, 1e308, -1e308, 5e-324, float("nan"), float("inf"), -0.0]),
    st.floats(),
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def objects(**fields: st.SearchStrategy) -> st.SearchStrategy:
    """Return objects with some of the fields, sometimes of any value, and sometimes with another field."""
    own = {name: strategy | values if strategy is not values else values for name, strategy in fields.items()}
    extra = st.dictionaries(st.sampled_from(sorted(fields)) | texts, values, max_size=1)
    return st.tuples(st.fixed_dictionaries({}, optional=own), extra).map(lambda both: both[0] | both[1])


def broken(good: bytes) -> st.SearchStrategy[bytes]:
    """Return copies of a file that are cut, with some bytes changed, or with others in between."""

    def change(parts: tuple[int, list[tuple[int, int]], bytes, int]) -> bytes:
        cut, changes, inserted, at = parts
        content = bytearray(good[:cut])
        for place, byte in changes:
            if place < len(content):
                content[place] = byte
        content[at:at] = inserted
        return bytes(content)

    place = st.integers(0, len(good)) | st.integers(0, 64)
    whole, nothing = st.just(len(good)), st.just(b"")
    changes = st.lists(st.tuples(place, st.integers(0, 255)), max_size=4)
    rest = st.tuples(st.binary(max_size=8), place)
    return (
        st.tuples(whole, changes, nothing, st.just(0))
        | st.tuples(place, st.just([]), nothing, st.just(0))
        | st.builds(lambda inserted: (len(good), [], *inserted), rest)
    ).map(change)


def one_changed(good: dict[str, Any], **fields: st.SearchStrategy) -> st.SearchStrategy[dict[str, Any]]:
    """Return copies of valid values in which at most one field is another one."""
    change = st.sampled_from(sorted(good)).flatmap(
        lambda name: (fields.get(name, values) | values).map(lambda value: good | {name: value})
    )
    return change | st.just(good)


def to_json(value: Any) -> str:
    """Return JSON as a browser or another program may write it, with NaN and lone surrogates."""
    return json.dumps(value)
