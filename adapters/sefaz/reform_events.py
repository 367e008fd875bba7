"""Events of the tax reform that a seller sends (NT 2025.002): their `detEvento` from plain details. Sent only where their official schemas are configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.sefaz.company import Company
from adapters.sefaz.texts import Scribe
from hub.canon.commands import RegisterInvoiceEvent
from hub.canon.taxids.ufs import UF_CODES

Details = Mapping[str, Any]
Body = Callable[[RegisterInvoiceEvent, Company, Scribe], str]
MOST_ITEMS = 990


def _head(ours: Company, s: Scribe, *, author: bool = True) -> str:
    kind = "<tpAutor>1</tpAutor>" if author else ""
    software = s.text("software", ours.profile.software, 20)
    return f"<cOrgaoAutor>{UF_CODES[ours.uf]}</cOrgaoAutor>{kind}<verAplic>{software}</verAplic>"


def _details(command: RegisterInvoiceEvent) -> Details:
    return command.details or {}


def _number(s: Scribe, at: str, given: Any, least: int, most: int) -> str:
    try:
        return s.number(at, Decimal(str(given)), least, most)
    except InvalidOperation:
        s.fault(at, "MALFORMED" if given else "MISSING", str(given or ""))
        return ""


def _items(command: RegisterInvoiceEvent, s: Scribe, group: str, units: tuple[str, str], *, credit: bool) -> str:
    """One group an item: `number`, `ibs`, `cbs`, `quantity`, `unit`, and with `credit` what was credited: `credit_ibs`, `credit_cbs`."""
    items = _details(command).get("items") or ()
    if not 1 <= len(items) <= MOST_ITEMS:
        s.fault("details.items", "MISSING", f"1 to {MOST_ITEMS} items")
    found = []
    for n, item in enumerate(items):
        at = f"details.items[{n}]"
        undone = ""
        if credit:
            undone = "".join(
                f"<{tag}>{_number(s, f'{at}.{name}', item.get(name), 2, 2)}</{tag}>"
                for tag, name in (("vIBS", "credit_ibs"), ("vCBS", "credit_cbs"))
            )
        found.append(
            f'<{group} nItem="{_number(s, f"{at}.number", item.get("number"), 0, 0)}">'
            f"<vIBS>{_number(s, f'{at}.ibs', item.get('ibs'), 2, 2)}</vIBS>"
            f"<vCBS>{_number(s, f'{at}.cbs', item.get('cbs'), 2, 2)}</vCBS>"
            f"<gControleEstoque><{units[0]}>{_number(s, f'{at}.quantity', item.get('quantity'), 0, 4)}</{units[0]}>"
            f"<{units[1]}>{s.text(f'{at}.unit', item.get('unit'), 6)}</{units[1]}>{undone}</gControleEstoque></{group}>"
        )
    return "".join(found)


def _paid(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    return f"{_head(ours, s)}<indQuitacao>1</indQuitacao>"


def _lost(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    units = ("qPerecimento", "uPerecimento")
    return _head(ours, s) + _items(command, s, "gPerecimento", units, credit=True)


def _not_supplied(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    units = ("qNaoFornecida", "uNaoFornecida")
    return _head(ours, s) + _items(command, s, "gItemNaoFornecido", units, credit=False)


def _forecast(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    day = str(_details(command).get("date") or "")
    if not day:
        s.fault("details.date", "MISSING", "the day on which the goods are expected")
    return f"{_head(ours, s)}<dPrevEntrega>{s.text('details.date', day, 10)}</dPrevEntrega>"


def _undo(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    details = _details(command)
    return (
        f"{_head(ours, s, author=False)}<tpEventoAut>{s.text('details.event', details.get('event'), 6)}</tpEventoAut>"
        f"<nProtEvento>{s.text('details.protocol', details.get('protocol'), 15)}</nProtEvento>"
    )


# kind -> tpEvento, descEvento, body
REFORM: Mapping[str, tuple[str, str, Body]] = {
    "PAID": (
        "112110",
        "Informação de efetivo pagamento integral para liberar crédito presumido do adquirente",
        _paid,
    ),
    "LOST": (
        "112130",
        "Perecimento, perda, roubo ou furto durante o transporte contratado pelo fornecedor",
        _lost,
    ),
    "NOT_SUPPLIED": ("112140", "Fornecimento não realizado com pagamento antecipado", _not_supplied),
    "DELIVERY_FORECAST": ("112150", "Atualização da Data de Previsão de Entrega", _forecast),
    "UNDO": ("110001", "Cancelamento de Evento", _undo),
}
