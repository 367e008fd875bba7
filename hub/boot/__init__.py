"""The composition root: settings become a database, adapters, flows and doors. The only module that loads adapters."""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module, resources
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar

from hub import mapping
from hub.access import KeyRing
from hub.canon.ports import Adapter
from hub.connections import Directory
from hub.fiscal import load_tables, tables_folder
from hub.flows import FLOWS, Deps, Reactor
from hub.flows.deliver import Deliver
from hub.flows.intake import Intake
from hub.flows.pace import Pace
from hub.flows.paper import Paper
from hub.flows.post import Post
from hub.flows.transmit import Transmitter
from hub.incidents import Incidents, load_playbooks
from hub.kit.addresses import Guard
from hub.kit.clock import Clock, system_clock
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError
from hub.kit.http import Transport
from hub.kit.settings import Settings
from hub.kit.vault import Vault
from hub.orders import load_hold_rules
from hub.routing import Rules, check_cases, load_rules

TREE = Path(__file__).resolve().parents[2]
MAPPINGS = TREE / "mappings"


class UnknownAdapter(HubError):
    """There is no adapter {name}."""

    code: ClassVar[str] = "UNKNOWN_ADAPTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An adapter and what its manifest says."""

    adapter: Adapter
    manifest: Mapping[str, Any]

    @property
    def accepts(self) -> frozenset[str]:
        return frozenset(self.manifest.get("accepts", ()))


def find_adapters() -> dict[str, Found]:
    """Every directory under `adapters/` and every installed package with an entry point in the group `hub.adapters`."""
    names = [m.name for m in pkgutil.iter_modules([str(TREE / "adapters")]) if m.ispkg]
    packages = {name: f"adapters.{name}" for name in names}
    packages |= {e.name: e.value.partition(":")[0] for e in entry_points(group="hub.adapters")}
    found: dict[str, Found] = {}
    for name, package in sorted(packages.items()):
        manifest = tomllib.loads((resources.files(package) / "manifest.toml").read_text(encoding="utf-8"))
        found[name] = Found(adapter=import_module(package).ADAPTER, manifest=manifest)
    return found


def adapter(name: str) -> Adapter:
    """One adapter by name, for commands that need no database."""
    try:
        found: Adapter = import_module(f"adapters.{name}").ADAPTER
    except ModuleNotFoundError as error:
        raise UnknownAdapter(name=name) from error
    return found


def check_x12(name: str, body: bytes, config: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """What `hub edi check --json` says of one file; nothing is stored. `config`: of the account whose profile and overlays judge it; None: the
    profile in the folder of whoever sent it.
    """
    library = import_module("adapters.x12.library").Library()
    profiles, report = import_module("adapters.x12.profile"), import_module("adapters.x12.report")
    mine = None
    try:
        if config is not None:
            own = profiles.configured(config) or library.profile(str(config.get("partner") or ""))
            mine = profiles.with_overlays(own, config) if own is not None else None
        found: Mapping[str, Any] = report.check_file(name, [body], library, mine, canonical=True)
    except import_module("adapters.x12.yamltext").BadGuide as bad:
        found = report.unreadable(name, bad.sentence())
    return found


def x12_guide(version: str, set_id: str) -> str | None:
    """A guide as a page with a sample, for partners; None: there is no such guide."""
    found = import_module("adapters.x12.library").Library().guide(version, set_id)
    return None if found is None else str(import_module("adapters.x12.words").guide_page(found.guide))


def check_partner(config: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is wrong with the profile and the overlays that a partner's account would have, in words; empty: they can be used.
    `others`: code -> config of the tenant's other accounts.
    """
    library = import_module("adapters.x12.library").Library()
    bad_guide = import_module("adapters.x12.yamltext").BadGuide
    try:
        own = import_module("adapters.x12.profile").configured(config)
        found = own or library.profile(str(config.get("partner") or ""))
        library.check_codes(found or import_module("adapters.x12.profile").DEFAULT)
    except bad_guide as bad:
        return [str(fault) for fault in bad.data["faults"]]
    if found is None:
        return [f"There is no folder mappings/partners/{config.get('partner')} and no profile was given."]
    if not found.ids:
        return ["ids: at least one {qualifier, id} says who the partner is"]
    faults = _taken_ids(found, others, library)
    for set_id, overlay in sorted((config.get("overlays") or {}).items()):
        version = found.guides.get(set_id, found.gs_version)
        try:
            if library.guide(version, set_id, found.partner, overlay, found.codes) is None:
                faults.append(f"There is no guide {version}/{set_id}.")
        except bad_guide as bad:
            faults += [str(fault) for fault in bad.data["faults"]]
    return faults


def _taken_ids(mine: Any, others: Mapping[str, Mapping[str, Any]], library: Any) -> list[str]:
    """An id that two partners sign with says of no interchange whose it is. Accounts of one partner may share theirs."""
    taken: dict[tuple[str, str], str] = {}
    for code, config in others.items():
        with suppress(import_module("adapters.x12.yamltext").BadGuide):  # who cannot trade signs nothing
            own = import_module("adapters.x12.profile").configured(config)
            theirs = own or library.profile(str(config.get("partner") or ""))
            if theirs is not None and theirs.partner != mine.partner:
                taken.update(dict.fromkeys((*theirs.ids, *theirs.test_ids), f"the account {code}"))
    faults = []
    for name in ("ids", "test_ids"):
        for each in getattr(mine, name):
            folder = library.profile_of(*each)
            named = f"mappings/partners/{folder.partner}" if folder and folder.partner != mine.partner else None
            if (holder := taken.get(each) or named) is not None:
                faults.append(f"{name}: {'/'.join(each)} belongs to {holder}")
    return faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Everything of `mappings/`, loaded and checked: the hub does not start with a file that is wrong."""

    mappings: mapping.Mappings
    deps: Deps


def load_data(adapters: Mapping[str, Found], folder: Path = MAPPINGS) -> Data:
    """Read `mappings/`; raises the first file's error with its name, line and reason."""
    return Data(
        mappings=mapping.load_all(folder),
        deps=Deps(
            incidents=Incidents(load_playbooks(folder / "playbooks")),
            rules=_rules(folder / "routing" / "default.yaml"),
            shadow_rules=_rules(shadow) if (shadow := folder / "routing" / "shadow.yaml").exists() else None,
            tables=load_tables(tables_folder()),
            accepts={name: f.accepts for name, f in adapters.items()},
            agreed={name: f.adapter.agreed for name, f in adapters.items() if f.adapter.agreed is not None},
            hold_rules=load_hold_rules(folder / "holds"),
        ),
    )


def _rules(path: Path) -> Rules:
    """Rules whose own cases hold."""
    rules = load_rules(path)
    check_cases(rules)
    return rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One process's hub, open."""

    settings: Settings
    db: Database
    bell: Doorbell
    vault: Vault
    directory: Directory
    keys: KeyRing
    adapters: Mapping[str, Found]
    data: Data
    reactor: Reactor
    guard: Guard
    post: Post
    paper: Paper
    intake: Intake
    deliver: Deliver


@asynccontextmanager
async def open_hub(dsn: str, settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[Hub]:
    """Everything that a web process or a worker needs."""
    adapters = find_adapters()
    data = load_data(adapters)
    db = await Database(dsn, clock=clock).open()
    bell = await Doorbell(dsn).open()
    guard = Guard(settings.outbound_allow)
    transport = Transport(guard)
    ended = ExitStack()
    try:
        vault = Vault(db, settings.keks())
        await vault.check()
        directory = Directory(db, vault)
        reactor = Reactor(db, data.deps, FLOWS, bell)
        plain = {name: f.adapter for name, f in adapters.items()}
        carriers = {name: a.carrier for name, a in plain.items() if a.carrier is not None}
        sealers = {name: a.sealer for name, a in plain.items() if a.sealer is not None}
        pace = Pace({name: f.manifest.get("buckets", {}) for name, f in adapters.items()})
        transmitter = Transmitter(reactor, sealers)
        post = Post(transport, carriers=carriers, dial=guard.dial, transmitter=transmitter, pace=pace)
        intake = Intake(reactor, directory, plain, data.mappings, post)
        ended.callback(intake.close)
        paper = Paper(directory, plain)
        ended.callback(paper.close)
        yield Hub(
            settings=settings,
            db=db,
            bell=bell,
            vault=vault,
            directory=directory,
            keys=KeyRing(db),
            adapters=adapters,
            data=data,
            reactor=reactor,
            guard=guard,
            post=post,
            paper=paper,
            intake=intake,
            deliver=Deliver(reactor, directory, plain, post, paper),
        )
    finally:
        ended.close()
        for found in adapters.values():
            if found.adapter.wire is not None:
                await found.adapter.wire.aclose()
        await transport.close()
        await bell.close()
        await db.close()
