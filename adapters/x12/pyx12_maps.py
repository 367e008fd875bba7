"""A guide of ours as a map directory for pyx12, so that a second engine can be asked. Written from the guide; pyx12's own files only lend the envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import count
from pathlib import Path
from xml.sax.saxutils import escape

from adapters.x12.model import Composite, Element, ElementUse, Guide, Leaf, Loop

_USAGE = {"M": "R", "O": "S", "C": "S", "N": "N"}
_ISA_QUALIFIERS = ("02", "08", "09", "12", "16")
SPACER = [
    "ZZ9",
    "0001",
]  # an optional segment of no set: it may stand behind the opener of a loop in which more is mandatory
_FIRST, _LAST = 11, 990_000  # the places of a set's own nodes begin here; SE has the last


def spaced(structure: Sequence[Leaf | Loop]) -> frozenset[str]:
    """The openers of loops in which more is mandatory, where nothing else of the set has such an id. It takes a second opener before it looks at
    what the first still owes, unless something stands between the two.
    """
    plain, owing = set[str](), set[str]()
    _sorted(structure, plain, owing)
    return frozenset(owing - plain)


def _sorted(nodes: Sequence[Leaf | Loop], plain: set[str], owing: set[str]) -> None:
    for node in nodes:
        if isinstance(node, Leaf):
            plain.add(node.seg)
            continue
        if any(child.use == "M" for child in node.of[1:]):
            owing.add(node.opener)
        _sorted(node.of[1:], plain, owing)


def write_maps(guide: Guide, folder: Path, version: str = "") -> None:
    """`version`: GS08 of what will be judged, where it is not the guide's own. `map_path` replaces the package's directory whole, so control maps, dictionary and code files are written too."""
    package = Path(str(files("pyx12"))) / "map"
    control = (package / "x12.control.00401.xml").read_text(encoding="utf-8")
    for name in ("ISA05", "ISA07"):
        more = "".join(f"{code}</code><code>" for code in _ISA_QUALIFIERS)
        control = re.sub(rf'(<element xid="{name}">.*?<code>)', rf"\g<1>{more}", control, count=1, flags=re.DOTALL)
    (folder / "x12.control.00401.xml").write_text(control, encoding="utf-8")
    (folder / "map.xml").write_text(_transaction(guide, control), encoding="utf-8")
    (folder / "dataele.xml").write_text(_dictionary(guide, package), encoding="utf-8")
    (folder / "codes.xml").write_text('<?xml version="1.0"?>\n<codes/>\n', encoding="utf-8")
    (folder / "997.4010.xml").write_bytes((package / "997.4010.xml").read_bytes())
    (folder / "maps.xml").write_text(
        '<?xml version="1.0"?>\n<maps><version icvn="00401">'
        f'<map vriic="{version or guide.version}" fic="{guide.group}" abbr="{guide.set}">map.xml</map>'
        '<map vriic="004010" fic="FA" abbr="997">997.4010.xml</map>'
        '<map vriic="" fic="" abbr="X12">x12.control.00401.xml</map></version></maps>\n',
        encoding="utf-8",
    )


def _transaction(guide: Guide, control: str) -> str:
    def lent(name: str) -> str:
        found = re.search(rf'<segment xid="{name}">.*?</segment>', control, re.DOTALL)
        return found.group(0) if found else ""

    gs = re.sub(
        r'(xid="GS01">.*?)<valid_codes>.*?</valid_codes>',
        rf"\1<valid_codes><code>{guide.group}</code></valid_codes>",
        lent("GS"),
        flags=re.DOTALL,
    )
    gs = re.sub(r'(xid="GS08">.*?)<valid_codes>.*?</valid_codes>', r"\1", gs, flags=re.DOTALL)
    st = _bare("ST", "143", f"<valid_codes><code>{guide.set}</code></valid_codes>")
    places, owing = count(_FIRST), spaced(guide.structure)
    body = "".join(_node(node, guide, places, owing) for node in guide.structure)
    return (
        f'<?xml version="1.0"?>\n<transaction xid="{guide.set}"><name>{guide.set}</name>'
        f'<loop xid="ISA_LOOP" type="explicit"><name>ISA</name><usage>R</usage><pos>001</pos><repeat>&gt;1</repeat>{lent("ISA")}'
        f'<loop xid="GS_LOOP" type="explicit"><name>GS</name><usage>R</usage><pos>020</pos><repeat>&gt;1</repeat>{gs}'
        f'<loop xid="ST_LOOP" type="explicit"><name>ST</name><usage>R</usage><pos>020</pos><repeat>&gt;1</repeat>{st}'
        f"{body}{_bare('SE', '96', '')}</loop>{lent('GE')}</loop>{lent('IEA')}</loop></transaction>"
    )


def _bare(name: str, first: str, codes: str) -> str:
    pos = _FIRST - 1 if name == "ST" else _LAST
    return (
        f'<segment xid="{name}"><name>{name}</name><usage>R</usage><pos>{pos}</pos><max_use>1</max_use>'
        f'<element xid="{name}01"><data_ele>{first}</data_ele><name>a</name><usage>R</usage><seq>01</seq>{codes}</element>'
        f'<element xid="{name}02"><data_ele>329</data_ele><name>b</name><usage>R</usage><seq>02</seq></element></segment>'
    )


def _node(node: Leaf | Loop, guide: Guide, places: Iterator[int], owing: frozenset[str]) -> str:
    """No two nodes of a map share a place: what is missing at the place where another segment was found, in whatever loop, it forgets. And a
    loop's name must not look like a segment's with an element (S5 and 100), or it does not find the counts that a new instance begins anew.
    """
    pos = next(places)
    most = "&gt;1" if node.max == 0 else str(node.max)
    if isinstance(node, Leaf):
        spec = guide.segments[node.seg]
        notes = "".join(f"<syntax>{note}</syntax>" for note in spec.notes)
        if spec.pairs:
            first, last = spec.pairs
            notes += "".join(f"<syntax>P{i:02d}{i + 1:02d}</syntax>" for i in range(first, last, 2))
        uses = "".join(_use(use, f"{spec.id}{at:02d}", at) for at, use in enumerate(spec.of, 1))
        return (
            f'<segment xid="{spec.id}"><name>{spec.id}</name><usage>{_USAGE[node.use]}</usage><pos>{pos}</pos>'
            f"<max_use>{most}</max_use>{notes}{uses}</segment>"
        )
    inner = _node(node.of[0], guide, places, owing) + (_spacer(next(places)) if node.opener in owing else "")
    inner += "".join(_node(child, guide, places, owing) for child in node.of[1:])
    return (
        f'<loop xid="LOOP-{node.name}-{pos}" type="implicit"><name>{node.name}</name><usage>{_USAGE[node.use]}</usage>'
        f"<pos>{pos}</pos><repeat>{most}</repeat>{inner}</loop>"
    )


def _spacer(pos: int) -> str:
    return (
        f'<segment xid="{SPACER[0]}"><name>spacer</name><usage>S</usage><pos>{pos}</pos><max_use>1</max_use>'
        f'<element xid="{SPACER[0]}01"><data_ele>329</data_ele><name>a</name><usage>R</usage><seq>01</seq></element></segment>'
    )


def _use(use: ElementUse, refdes: str, at: int) -> str:
    head = f"<name>{refdes}</name><usage>{_USAGE[use.use]}</usage><seq>{at:02d}</seq>"
    if isinstance(use.element, Composite):
        parts = "".join(_use(part, f"{refdes}-{k:02d}", k) for k, part in enumerate(use.element.parts, 1))
        return f"<composite><data_ele>{use.element.number}</data_ele>{head}<refdes>{refdes}</refdes>{parts}</composite>"
    codes = "".join(f"<code>{escape(code)}</code>" for code in sorted(use.codes or ()))
    listed = f"<valid_codes>{codes}</valid_codes>" if codes else ""
    return f'<element xid="{refdes}"><data_ele>{use.element.number}</data_ele>{head}{listed}</element>'


def _elements(guide: Guide) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for spec in guide.segments.values():
        for use in spec.of:
            rows = use.element.parts if isinstance(use.element, Composite) else (use,)
            found.update({row.element.number: row.element for row in rows if isinstance(row.element, Element)})
    return found


def _dictionary(guide: Guide, package: Path) -> str:
    """pyx12 keeps one dictionary with the lengths of 005010; ours are put over it."""
    text = (package / "dataele.xml").read_text(encoding="utf-8")
    added = []
    for number, element in _elements(guide).items():
        row = f'<data_ele ele_num="{number}" data_type="{element.kind}" min_len="{element.low}" max_len="{element.high}" name="{number}"/>'
        text, replaced = re.subn(rf'<data_ele ele_num="{number}"[^>]*/>', row, text)
        if not replaced:
            added.append(row)
    end = text.rindex("</")
    return text[:end] + "\n".join(added) + "\n" + text[end:]
