"""The link to a step that a teacher puts on the board: its address, and its QR code.

Knows the address under which the visitor reached the app; draws nothing.
"""

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from pages.ui.learn.steps import Step
from pages.ui.shell import languages, links, parts

_PAGE = "learn"
_CLOUD_FRAME = "/~/+"  # Community Cloud shows apps in a frame, whose address has this path


def own_address() -> str:
    """Return the address of the app in this visitor's browser, without page and query."""
    url = st.context.url or f"http://{st.context.headers.get('host', 'localhost')}"
    scheme, host, path, _query, _fragment = urlsplit(url)
    path = path.removesuffix("/").removesuffix(f"/{_PAGE}").removesuffix(_CLOUD_FRAME)
    return f"{scheme}://{host}{path}"


def is_address(text: str) -> bool:
    """Return whether a text is the address of a web page."""
    try:
        scheme, host, *_others = urlsplit(text)
    except ValueError:
        return False
    return scheme in ("http", "https") and bool(host) and not any(c.isspace() for c in text)


def is_loopback(address: str) -> bool:
    """Return whether an address leads every computer to itself.

    >>> [is_loopback(f"http://{host}:8501") for host in ("localhost", "127.0.0.1", "[::1]", "192.168.1.20")]
    [True, True, True, False]
    """
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def network_address(address: str) -> str | None:
    """Return the same address with this machine's number in its network; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 1))  # reserved for documentation, and nothing is sent
        except OSError:
            return None
        number = probe.getsockname()[0]
    split = urlsplit(address)
    port = f":{split.port}" if split.port else ""
    return None if is_loopback(f"http://{number}") else f"{split.scheme}://{number}{port}{split.path}"


def url_of(step: Step, address: str, shown: Iterable[str] | None = None, language: str | None = None) -> str:
    """Return the link to a step; `shown` are the parts that pupils see besides the step itself, None for all."""
    query = {"step": step.name}
    if language:
        query[languages.PARAMETER] = language
    if shown is not None:
        query[links.SHOWN] = ",".join((parts.STEP, *shown))
    return f"{address.rstrip('/')}/{_PAGE}?{urlencode(query, safe=',')}"


def qr_image(url: str) -> str:
    """Return the QR code of an address as a data URI of an SVG, black on white, with the margin that cameras need."""
    code = segno.make(url, error="m", micro=False)
    return code.svg_data_uri(light="#fff", omitsize=True)
