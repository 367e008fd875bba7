"""Official schemas, compiled once a process and chosen by root and event type. `HUB_FISCAL_SCHEMAS` names a folder whose files win over nfelib's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from lxml import etree

NFE = "http://www.portalfiscal.inf.br/nfe"
SCHEMA_FOLDER = "HUB_FISCAL_SCHEMAS"
OWN_SCHEMAS = Path(__file__).parent / "schemas"  # of what nfelib lacks, in our own words

# root -> (folder in nfelib, file)
BY_ROOT: Mapping[str, tuple[str, str]] = {
    "NFe": ("nfe/schemas/v4_0", "nfe_v4.00.xsd"),
    "nfeProc": ("nfe/schemas/v4_0", "procNFe_v4.00.xsd"),
    "enviNFe": ("nfe/schemas/v4_0", "enviNFe_v4.00.xsd"),
    "retEnviNFe": ("nfe/schemas/v4_0", "retEnviNFe_v4.00.xsd"),
    "consReciNFe": ("nfe/schemas/v4_0", "consReciNFe_v4.00.xsd"),
    "retConsReciNFe": ("nfe/schemas/v4_0", "retConsReciNFe_v4.00.xsd"),
    "consSitNFe": ("nfe/schemas/v4_0", "consSitNFe_v4.00.xsd"),
    "retConsSitNFe": ("nfe/schemas/v4_0", "retConsSitNFe_v4.00.xsd"),
    "consStatServ": ("nfe/schemas/v4_0", "consStatServ_v4.00.xsd"),
    "retConsStatServ": ("nfe/schemas/v4_0", "retConsStatServ_v4.00.xsd"),
    "inutNFe": ("nfe/schemas/v4_0", "inutNFe_v4.00.xsd"),
    "retInutNFe": ("nfe/schemas/v4_0", "retInutNFe_v4.00.xsd"),
    "ProcInutNFe": ("nfe/schemas/v4_0", "procInutNFe_v4.00.xsd"),
    "distDFeInt": ("nfe_dist_dfe/schemas/v1_0", "distDFeInt_v1.01.xsd"),
    "retDistDFeInt": ("nfe_dist_dfe/schemas/v1_0", "retDistDFeInt_v1.01.xsd"),
    "resNFe": ("nfe_dist_dfe/schemas/v1_0", "resNFe_v1.01.xsd"),
    "resEvento": ("nfe_dist_dfe/schemas/v1_0", "resEvento_v1.01.xsd"),
}
# family of event types -> (folder in nfelib, evento, envEvento, retEnvEvento, procEventoNFe)
_CANCEL = ("nfe_evento_cancel", "eventoCancNFe", "envEventoCancNFe", "retEnvEventoCancNFe", "procEventoCancNFe")
_CORRECT = ("nfe_evento_cce", "CCe", "envCCe", "retEnvCCe", "procCCeNFe")
_EPEC = ("nfe_epec", "EPEC", "envEPEC", "retEnvEPEC", "procEPEC")
_INTERESTED = (
    "nfe_ator_interessado",
    "eventoAtorInteressado",
    "envEventoAtorInteressado",
    "retEnvEventoAtorInteressado",
    "procEventoAtorInteressado",
)
_MANIFEST = ("nfe_evento_mde", "confRecebto", "envConfRecebto", "retEnvConfRecebto", "procConfRecebtoNFe")


def _about_delivery(folder: str, name: str) -> tuple[str, str, str, str, str]:
    return (folder, f"Evento{name}NFe", f"envEvento{name}NFe", f"retEvento{name}NFe", f"procEvento{name}NFe")


EVENT_ROOTS = ("evento", "envEvento", "retEnvEvento", "procEventoNFe")
BY_EVENT: Mapping[str, tuple[str, str, str, str, str]] = {
    "110110": _CORRECT,
    "110111": _CANCEL,
    "110130": _about_delivery("nfe_entrega", "Entrega"),
    "110131": _about_delivery("nfe_entrega", "CancEntrega"),
    "110140": _EPEC,
    "110150": _INTERESTED,
    "110192": _about_delivery("nfe_insucesso", "Insucesso"),
    "110193": _about_delivery("nfe_insucesso", "CancInsucesso"),
    "210200": _MANIFEST,
    "210210": _MANIFEST,
    "210220": _MANIFEST,
    "210240": _MANIFEST,
}


def schema_file(root: str, event_type: str | None, own: str | None) -> Path | None:
    """Where the schema of that root is, in the folder `own` or with nfelib; None when there is none."""
    if root in BY_ROOT:
        folder, name = BY_ROOT[root]
    elif root in EVENT_ROOTS and event_type is not None and event_type in BY_EVENT:
        family = BY_EVENT[event_type]
        folder, name = f"{family[0]}/schemas/v1_0", f"{family[1 + EVENT_ROOTS.index(root)]}_v1.00.xsd"
    else:
        return None
    if own and (Path(own) / name).is_file():
        return Path(own) / name
    return _nfelib() / folder / name


@cache
def _nfelib() -> Path:
    spec = find_spec("nfelib")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("nfelib")
    return Path(spec.origin).parent


@cache
def _compiled(file: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(file, parser))


# nfelib's event schemas are older than the CNPJ with letters (NT 2026.004): what they say -> what is in force.
_WIDER: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'value="\(1\[1-7\][^"]*"'), 'value="[0-9]{6}[0-9A-Z]{12}[0-9]{26}"'),
    (re.compile(r'value="\[0-9\]\{44\}"'), 'value="[0-9]{6}[0-9A-Z]{12}[0-9]{26}"'),
    (re.compile(r'value="\[0-9\]\{14\}"'), 'value="[0-9A-Z]{12}[0-9]{2}"'),
    (re.compile(r'value="\[0-9\]\{0\}\|\[0-9\]\{14\}"'), 'value="[0-9]{0}|[0-9A-Z]{12}[0-9]{2}"'),
    (re.compile(r'value="ID\[0-9\]\{52\}"'), 'value="ID[0-9]{12}[0-9A-Z]{12}[0-9]{28}"'),
)


@cache
def _widened(file: Path) -> etree.XMLSchema:
    """The schema with the identifiers that are in force, compiled from a copy of its folder."""
    with TemporaryDirectory() as folder:
        for each in file.parent.glob("*.xsd"):
            text = each.read_text(encoding="utf-8")
            for pattern, wider in _WIDER:
                text = pattern.sub(wider, text)
            (Path(folder) / each.name).write_text(text, encoding="utf-8")
        parser = etree.XMLParser(no_network=True, resolve_entities=False)
        return etree.XMLSchema(etree.parse(Path(folder) / file.name, parser))


@cache
def _schema(root: str, event_type: str | None, own: str | None, as_published: bool) -> etree.XMLSchema | None:
    file = schema_file(root, event_type, own)
    if file is None:
        return None
    widen = root in EVENT_ROOTS and not as_published and file.is_relative_to(_nfelib())
    return _widened(file) if widen else _compiled(file)


def faults(element: etree._Element, event_type: str | None = None, *, as_published: bool = False) -> list[str] | None:
    """What the schema of this element has against it, as its own root; [] when valid, None when there is no schema.

    Events are judged with the identifiers in force, unless `as_published`: exactly by the file.
    """
    root = str(element.tag).rpartition("}")[2]
    schema = _schema(root, event_type if root in EVENT_ROOTS else None, os.environ.get(SCHEMA_FOLDER), as_published)
    if schema is None:
        return None
    if schema.validate(element):
        return []
    log: list[Any] = list(cast("Any", schema.error_log))
    return [f"line {error.line}: {error.message}" for error in log] or ["not valid"]


def detail_faults(element: etree._Element, event_type: str) -> list[str] | None:
    """The same of an event whose schema is that of its `detEvento` alone (tax reform, 110112); None where it is not configured."""
    name = f"e{event_type}_v1.00.xsd"
    folders = [Path(folder) for folder in (os.environ.get(SCHEMA_FOLDER), OWN_SCHEMAS) if folder]
    file = next((folder / name for folder in folders if (folder / name).is_file()), None)
    detail = next(element.iter(f"{{{NFE}}}detEvento"), None)
    if file is None or detail is None:
        return None
    schema = _compiled(file)
    if schema.validate(detail):
        return []
    log: list[Any] = list(cast("Any", schema.error_log))
    return [f"line {error.line}: {error.message}" for error in log] or ["not valid"]
