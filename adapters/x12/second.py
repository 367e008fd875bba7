"""A second engine's opinion of one received set: pyx12 over a map directory made of our own guide. It decides nothing and its acks are never used.
Slow (it loads its maps anew each time) and not always sure of itself: run it in a process of its own; whatever it raises is no opinion.
"""

from __future__ import annotations

import atexit
import io
import logging
import shutil
import tempfile
from functools import cache
from pathlib import Path

from adapters.x12.library import ROOT, Library
from adapters.x12.model import Guide, Loop
from adapters.x12.pyx12_maps import SPACER, spaced, write_maps
from adapters.x12.tokens import Walker, WholeSet
from hub.canon.ports import Envelope

_MARKS = "*~|^!\x1c\x1d\x1e"  # for its copy of the set; the first three that no value holds


def of_envelope(envelope: Envelope) -> bool | None:
    """Whether the set of a message is accepted by the engine that its partner's profile names."""
    h = envelope.headers
    if h.get("x12-engine") != "pyx12" or "x12-set" not in h:
        return None
    return opinion(envelope.body, h["x12-version"], h["x12-set"], h.get("x12-partner", ""))


def opinion(body: bytes, version: str, set_id: str, partner: str = "", root: str = str(ROOT)) -> bool | None:
    """`body`: an interchange with one set in it. Whether pyx12 accepts the set; None: it has no opinion, or cannot be asked about this guide."""
    folder = _maps(version, set_id, partner, root)
    one = next((t for t in Walker([body]).tokens() if isinstance(t, WholeSet)), None)
    if folder is None or one is None or one.se is None or one.fault is not None:
        return None
    guide = _guide(version, set_id, partner, root)
    text = None if guide is None else _copy(one, version, guide)
    return None if text is None else judged(text, folder)


def judged(text: str, folder: Path) -> bool | None:
    """What pyx12 says of an interchange of 106 characters ISA; None when it raises."""
    import pyx12.errors
    import pyx12.params
    import pyx12.x12n_document

    logging.disable(logging.CRITICAL)
    try:
        return bool(
            pyx12.x12n_document.x12n_document(
                param=pyx12.params.ParamsBase(),
                src_file=io.StringIO(text),
                fd_997=io.StringIO(),
                fd_html=None,
                map_path=str(folder),
            )
        )
    except (pyx12.errors.X12Error, LookupError, AttributeError, TypeError, ValueError, OSError):
        return None
    finally:
        logging.disable(logging.NOTSET)


def _copy(one: WholeSet, version: str, guide: Guide) -> str | None:
    """The set between plain envelopes: it knows few versions of ISA, and cannot take its delimiters from elsewhere."""
    rows = _spaced([one.st, *one.segments, one.se or []], spaced(guide.structure))
    blob = "".join("".join(e) for e in rows)
    free = [mark for mark in _MARKS if mark not in blob]
    if len(free) < 3:
        return None
    element, end, _ = free[:3]
    control = one.st[2] if len(one.st) > 2 else ""
    isa = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "SENDER".ljust(15), "ZZ", "RECEIVER".ljust(15), "261120", "0915", "U", "00401", "000000001", "0", "P", ">"]  # fmt: skip
    envelope = [isa, ["GS", guide.group, "SENDER", "RECEIVER", "20261120", "0915", "1", "X", version]]
    closing = [["GE", "1", "1"], ["IEA", "1", "000000001"]]
    return "".join(element.join(e) + end for e in [*envelope, *rows, *closing]) if control else None


def _spaced(rows: list[list[str]], owing: frozenset[str]) -> list[list[str]]:
    """A spacer between two openers in a row, counted in SE."""
    out: list[list[str]] = []
    for e in rows:
        if out and out[-1][0] == e[0] and e[0] in owing:
            out.append(SPACER)
        out.append(e)
    more, count = len(out) - len(rows), out[-1][1] if len(out[-1]) > 1 else ""
    if more and count.isascii() and count.isdigit() and len(count) < 10:
        out[-1] = [out[-1][0], str(int(count) + more), *out[-1][2:]]
    return out


@cache
def _guide(version: str, set_id: str, partner: str, root: str) -> Guide | None:
    found = Library(Path(root)).guide(version, set_id, partner)
    return found.guide if found is not None else None


@cache
def _maps(version: str, set_id: str, partner: str, root: str) -> Path | None:
    """The map directory of one guide, written once a process; None: no guide, or one whose levels pyx12 has no word for (HL)."""
    guide = _guide(version, set_id, partner, root)
    if guide is None or any(isinstance(node, Loop) and node.by for node in guide.structure):
        return None
    folder = Path(tempfile.mkdtemp(prefix="pyx12-maps-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_maps(guide, folder, version)
    return folder
