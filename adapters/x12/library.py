"""Guides and profiles as they lie under `mappings/`, and overlays that accounts hold, compiled once; overlays are kept by the hash of their text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.x12.backward import Put, compile_backward
from adapters.x12.checkers import Check, compile_check
from adapters.x12.codelists import laid_over
from adapters.x12.forward import Read, compile_forward
from adapters.x12.guide import Faults, build_guide
from adapters.x12.laid import Lay, compile_lay
from adapters.x12.merge import over
from adapters.x12.model import Element, Guide
from adapters.x12.places import Resolver, Rule
from adapters.x12.profile import DEFAULT, Profile, read_profile
from adapters.x12.rulings import Ruling, compile_rulings
from adapters.x12.structure import Plan, compile_structure
from adapters.x12.yamltext import BadGuide, Fault, Tree, load_text

_HEAD = re.compile(r"^guide:.*(?:\n[ \t].*)*", re.MULTILINE)
_SEGMENTS = re.compile(r"^segments:\n((?:[ \t#].*\n|\n)*)", re.MULTILINE)
_SEGMENT = re.compile(r"^  ([A-Z][A-Z0-9]{1,2}):", re.MULTILINE)
_VERSION = re.compile("[A-Za-z0-9]{1,12}")  # GS08 (element 480)
_SET = re.compile("[A-Za-z0-9]{3}")  # ST01 (element 143)
OVERLAYS = 256  # of accounts that are kept compiled
ROOT = Path(__file__).resolve().parents[2] / "mappings"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Compiled:
    """A guide ready for use."""

    guide: Guide
    plan: Plan
    rules: tuple[Rule, ...]
    read: Read
    put: Put
    lay: Lay
    rulings: Ruling
    cuttable: Mapping[str, tuple[tuple[int, int], ...]]  # segment -> (element, longest) of texts that may be shortened


@dataclass(slots=True)
class Library:
    """One folder of `mappings/`, each file read once."""

    root: Path = ROOT
    _files: dict[Path, Tree | None] = field(default_factory=dict)
    _guides: dict[tuple[str, str, str, str], Compiled] = field(default_factory=dict)
    _own: list[tuple[str, str, str, str]] = field(default_factory=list)  # of overlays that accounts hold, oldest first
    _profiles: tuple[dict[str, Profile], dict[str, BadGuide]] | None = None
    _groups: Mapping[str, frozenset[str]] | None = None

    # ------------------------------------------------------------ guides
    def guide(
        self, version: str, set_id: str, partner: str = "", overlay: str = "", codes: Tree | None = None
    ) -> Compiled | None:
        """By GS08, then its first six characters. `overlay`: YAML in place of that of the partner's folder; `codes`: the partner's own. None:
        there is no such guide. Raises `BadGuide`.
        """
        own = overlay + (json.dumps(codes) if codes else "")
        key = (version, set_id, partner, hashlib.sha256(own.encode()).hexdigest() if own else "")
        if key in self._guides:
            return self._guides[key]
        found = self._find(version, set_id, partner, overlay, codes)
        if found is not None:  # what partners call versions that we do not know has no end
            self._guides[key] = found
            if own:
                self._own.append(key)
            if len(self._own) > OVERLAYS:
                self._guides.pop(self._own.pop(0), None)  # of two threads that compile one, each has named it
        return found

    def guide_for(self, profile: Profile, version: str, set_id: str) -> Compiled | None:
        return self.guide(version, set_id, profile.partner, profile.overlays.get(set_id, ""), profile.codes)

    def _find(self, version: str, set_id: str, partner: str, overlay: str, codes: Tree | None) -> Compiled | None:
        if not (_VERSION.fullmatch(version) and _SET.fullmatch(set_id)):
            return None
        for folder in dict.fromkeys((version, version[:6])):
            if (self.root / "x12" / folder / f"{set_id}.yaml").is_file():
                tree, lists, known = self.assemble(folder, set_id, partner, overlay)
                return compile_guide((tree, laid_over(lists, codes) if codes else lists, known))
        return None

    def assemble(
        self, version: str, set_id: str, partner: str = "", overlay: str = ""
    ) -> tuple[Tree, dict[str, Tree], frozenset[str]]:
        """(merged tree, code lists, segment ids of the version)."""
        own = self._load(self.root / "x12" / version / f"{set_id}.yaml")
        if own is None:
            raise BadGuide([Fault(f"x12/{version}/{set_id}.yaml", 1, "", "there is no such guide")])
        base = own.get("guide", {}).get("extends") if isinstance(own.get("guide"), Tree) else None
        if isinstance(base, str) and base and base != version:
            tree, _, _ = self.assemble(base, set_id)
            tree = over(tree, self._dictionary(version))
        else:
            tree = self._dictionary(version)
        known = frozenset(tree.get("segments", ())) | self._dictionary_ids(version)
        tree = over(tree, own)
        tree.file = own.file
        name = f"partners/{partner}/{set_id}.yaml"
        laid = load_text(overlay, name) if overlay else self._load(self.root / name) if partner else None
        if laid is not None:
            tree = over(tree, laid, overlay=True)
        return tree, self._codes(version), known

    def _dictionary(self, version: str) -> Tree:
        """elements.yaml and segments.yaml of a version over those of the version that it extends."""
        tree = Tree(f"x12/{version}", 1)
        for name in ("elements.yaml", "segments.yaml"):
            part = self._load(self.root / "x12" / version / name)
            if part is None:
                continue
            base = part.pop("extends", None)
            if isinstance(base, str):
                tree = over(self._dictionary(base), tree)
            tree = over(tree, part)
        return tree

    def _dictionary_ids(self, version: str) -> frozenset[str]:
        """The segments that any guide of a version describes, without reading the guides whole."""
        ids: set[str] = set()
        for path in (self.root / "x12" / version).glob("*.yaml"):
            for block in _SEGMENTS.findall(path.read_text(encoding="utf-8")):
                ids.update(_SEGMENT.findall(block))
        return frozenset(ids)

    def _codes(self, version: str) -> dict[str, Tree]:
        found: dict[str, Tree] = {}
        for folder in (self.root / "x12" / "codes", self.root / "x12" / version / "codes"):
            for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
                tree = self._load(path)
                if tree is not None:
                    found[path.stem] = tree
        return found

    def _load(self, path: Path) -> Tree | None:
        if path not in self._files:
            text = path.read_text(encoding="utf-8") if path.is_file() else None
            self._files[path] = load_text(text, str(path.relative_to(self.root))) if text is not None else None
        tree = self._files[path]
        return tree.copy() if tree is not None else None

    def head(self, version: str, set_id: str) -> Tree | None:
        """`guide:` of one guide, without compiling it."""
        path = self.root / "x12" / version / f"{set_id}.yaml"
        found = _HEAD.search(path.read_text(encoding="utf-8")) if path.is_file() else None
        head = load_text(found.group(), str(path.relative_to(self.root)))["guide"] if found else None
        return head if isinstance(head, Tree) else None

    def names(self) -> list[tuple[str, str]]:
        """(version, set) of every guide there is."""
        found = [p for p in (self.root / "x12").glob("*/*.yaml") if p.stem.isdigit()]
        return sorted((p.parent.name, p.stem) for p in found)

    def overlays(self, partner: str) -> list[str]:
        """The sets for which a partner has an overlay."""
        return sorted(p.stem for p in (self.root / "partners" / partner).glob("*.yaml") if p.stem.isdigit())

    def groups(self) -> Mapping[str, frozenset[str]]:
        """GS01 -> the sets that belong to it, from the heads of all guides."""
        if self._groups is None:
            found: dict[str, set[str]] = {}
            for version, set_id in self.names():
                head = self.head(version, set_id)
                if head is not None and head.get("group"):
                    found.setdefault(head["group"], set()).add(set_id)
            self._groups = {group: frozenset(sets) for group, sets in found.items()}
        return self._groups

    # ------------------------------------------------------------ profiles
    def profiles(self) -> Mapping[str, Profile]:
        """Of every partner with a folder. Raises `BadGuide` with the faults of all that are wrong."""
        good, bad = self._judged()
        if bad:
            raise BadGuide([fault for refused in bad.values() for fault in refused.data["faults"]])
        return good

    def profile_of(self, qualifier: str, sender: str) -> Profile | None:
        """The partner with this ISA05/06."""
        for profile in self._judged()[0].values():
            if (qualifier, sender) in profile.ids or (qualifier, sender) in profile.test_ids:
                return profile
        return None

    def profile(self, partner: str) -> Profile | None:
        """Raises `BadGuide` for one that is wrong; its neighbours trade on."""
        good, bad = self._judged()
        if partner in bad:
            raise bad[partner]
        return good.get(partner, DEFAULT if partner == DEFAULT.partner else None)

    def check_codes(self, profile: Profile) -> None:
        """Raises `BadGuide` where the partner's own codes lie over no list of ours."""
        if profile.codes:
            laid_over(self._codes(""), profile.codes)

    def _judged(self) -> tuple[dict[str, Profile], dict[str, BadGuide]]:
        """The profiles that can be used, and why others cannot; known to other threads when all have been read."""
        if self._profiles is None:
            good: dict[str, Profile] = {}
            bad: dict[str, BadGuide] = {}
            for path in sorted((self.root / "partners").glob("*/profile.yaml")):
                partner = path.parent.name
                try:
                    if (tree := self._load(path)) is not None:
                        profile = read_profile(tree, partner)
                        self.check_codes(profile)
                        good[partner] = profile
                except BadGuide as refused:
                    bad[partner] = refused
            self._profiles = good, bad
        return self._profiles


def compile_guide(parts: tuple[Tree, dict[str, Tree], frozenset[str]]) -> Compiled:
    """Raises `BadGuide` with every fault that is found."""
    tree, codes, known = parts
    guide = build_guide(tree, codes, known)
    faults = Faults()
    checks: dict[str, Check] = {name: compile_check(spec) for name, spec in guide.segments.items()}
    plan = compile_structure(guide, checks, lambda reason: faults.at(tree, "structure", f"ambiguous: {reason}"))
    resolver = Resolver(guide, plan, faults)
    rules = resolver.rules(guide.map, plan.root)
    derived = resolver.derived(guide.map, plan.root)
    rulings = compile_rulings(guide, plan, resolver)
    faults.settle()
    return Compiled(
        guide=guide,
        plan=plan,
        rules=rules,
        read=compile_forward(rules, plan.root),
        put=compile_backward(rules, plan.root, derived),
        lay=compile_lay(plan),
        rulings=rulings,
        cuttable=_cuttable(guide),
    )


def _cuttable(guide: Guide) -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for name, spec in guide.segments.items():
        rows = [(i, u.element.high) for i, u in enumerate(spec.of, 1) if u.cut and isinstance(u.element, Element)]
        if rows:
            found[name] = tuple(rows)
    return found
