"""The portal's schemas, when the operator has them: `HUB_FISCAL_SCHEMAS` names a folder. Without them nothing is judged."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from lxml import etree

FILES = {
    "TLote_GNRE": "lote_gnre_v2.00.xsd",
    "TLote_ConsultaGNRE": "lote_consulta_guia_v2.00.xsd",
    "TConsLote_GNRE": "lote_gnre_consulta_v1.00.xsd",
    "TConsultaConfigUf": "consulta_config_uf_v1.00.xsd",
    "TRetLote_GNRE": "lote_gnre_recibo_v1.00.xsd",
    "TConfigUf": "config_uf_v1.00.xsd",
    "TResultLote_GNRE": "lote_gnre_result_v2.00.xsd",
}


def schema_faults(element: etree._Element, folder: Path | None = None, file: str | None = None) -> list[str]:
    """What is not valid, in the validator's words; empty without schemas. `file`: another schema than the root's own."""
    where = folder or _folder()
    name = file or FILES.get(etree.QName(element).localname)
    if where is None or name is None or not (where / name).is_file():
        return []
    schema = _schema(where / name)
    alone = etree.fromstring(etree.tostring(element))
    if schema.validate(alone):
        return []
    return str(schema.error_log).splitlines()


def _folder() -> Path | None:
    named = os.environ.get("HUB_FISCAL_SCHEMAS")
    return Path(named) if named else None


@cache
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path))
