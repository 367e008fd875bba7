"""What the simulated UFs want on a guide, as data, and how the configuration service says it. Fictional where the real rules are not published."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from adapters.gnre.soap import GNRE
from hub.canon.guide import GuideField, GuideRules

DIFAL, ST, FCP = "100102", "100099", "100129"
NAMES = {
    DIFAL: "ICMS Consumidor Final Nao Contribuinte por Operacao",
    ST: "ICMS ST por Operacao",
    FCP: "ICMS FECP por Operacao",
}
DOCUMENTS = {"10": "Nota Fiscal", "22": "Chave da NF-e", "24": "DUIMP"}
KEY_FIELD = GuideField(code="87", title="Chave de Acesso da NF-e", kind="T", required=True)
NOT_ONLINE = frozenset({"SP"})  # collects by documents of its own


def _rules(region: str, revenue: str, **changes: object) -> GuideRules:
    plain: dict[str, object] = {"document": True, "document_types": ("10",), "recipient": True, "pix": True}
    return GuideRules(region=region, revenue=revenue, **{**plain, **changes})  # type: ignore[arg-type]


_SPECIAL: Mapping[tuple[str, str], Mapping[str, object]] = {
    ("MG", DIFAL): {"document_types": ("10", "22"), "reference": True, "periods": ("0",)},
    ("PE", DIFAL): {"document_types": ("22",), "fcp": "S"},
    ("RS", DIFAL): {"document_types": ("22",), "due": False, "pix": False},
    ("BA", DIFAL): {"detail": True, "details": ("000052", "000053")},
    ("RJ", DIFAL): {"fields": (KEY_FIELD,), "fcp": "S", "document_types": ("10", "22")},
    ("PR", DIFAL): {"product": True, "products": ("20", "21")},
    ("SC", DIFAL): {"fields": (KEY_FIELD,)},
    ("CE", ST): {"agreement": "O"},
}


def rules_of(region: str, revenue: str) -> GuideRules:
    """The simulated UF's rules; not offered where it has none."""
    if region in NOT_ONLINE or revenue not in NAMES:
        return GuideRules(region=region, revenue=revenue, offered=False)
    return _rules(region, revenue, **_SPECIAL.get((region, revenue), {}))


def config_answer(environment: str, region: str, revenue: str | None) -> str:
    """TConfigUf: every revenue of the UF, or the one that was asked for."""
    asked = [revenue] if revenue else list(NAMES)
    listed = "".join(_revenue(rules_of(region, r)) for r in asked if rules_of(region, r).offered)
    head = (
        f'<TConfigUf xmlns="{GNRE}"><ambiente>{environment}</ambiente><uf>{region}</uf><situacaoConsulta><codigo>450</codigo>'
        "<descricao>Consulta realizada com sucesso</descricao></situacaoConsulta>"
        '<exigeUfFavorecida campo="ufFavorecida">S</exigeUfFavorecida><exigeReceita campo="receita">S</exigeReceita>'
    )
    body = f"<receitas>{listed}</receitas>" if listed else ""
    return (
        f"{head}{body}<versoesXml><versao>2.00</versao></versoesXml><qtdMaximas><guiasPorLote>50</guiasPorLote>"
        "<itensPorGuia>100</itensPorGuia><itensPorLote>500</itensPorLote><qtdConsultas>50</qtdConsultas></qtdMaximas></TConfigUf>"
    )


def _revenue(rules: GuideRules) -> str:
    yes = {True: "S", False: "N"}
    codes = "<codigo>{}</codigo><descricao>{}</descricao>"

    def listed(plural: str, single: str, values: tuple[str, ...]) -> str:
        each = "".join(f"<{single}>{codes.format(v, DOCUMENTS.get(v, v))}</{single}>" for v in values)
        return f"<{plural}>{each}</{plural}>" if values else ""

    documents = listed("tiposDocumentosOrigem", "tipoDocumentoOrigem", rules.document_types).replace(
        "<tiposDocumentosOrigem>", '<tiposDocumentosOrigem campo="documentoOrigem">'
    )
    return "".join(
        (
            f'<receita codigo="{rules.revenue}" descricao="{escape(NAMES[rules.revenue])}" courier="N">',
            "<exigeContribuinteEmitente>S</exigeContribuinteEmitente>",
            f'<exigeDetalhamentoReceita campo="detalhamentoReceita">{yes[rules.detail]}</exigeDetalhamentoReceita>',
            listed("detalhamentosReceita", "detalhamentoReceita", rules.details),
            f'<exigeProduto campo="produto">{yes[rules.product]}</exigeProduto>',
            listed("produtos", "produto", rules.products),
            f'<exigePeriodoReferencia campo="referencia">{yes[rules.reference]}</exigePeriodoReferencia>',
            f'<exigePeriodoApuracao campo="periodo">{yes[bool(rules.periods)]}</exigePeriodoApuracao>',
            listed("periodosApuracao", "periodoApuracao", rules.periods),
            '<exigeParcela campo="parcela">N</exigeParcela>',
            f"<valorExigido>{rules.value}</valorExigido>",
            f'<exigeDocumentoOrigem campo="documentoOrigem">{yes[rules.document]}</exigeDocumentoOrigem>',
            documents,
            f"<exigeContribuinteDestinatario>{yes[rules.recipient]}</exigeContribuinteDestinatario>",
            f'<exigeDataVencimento campo="dataVencimento">{yes[rules.due]}</exigeDataVencimento>',
            f'<exigeDataPagamento campo="dataPagamento">{yes[rules.pay_by]}</exigeDataPagamento>',
            f'<exigeConvenio campo="convenio">{rules.agreement}</exigeConvenio>',
            f'<exigeValorFecp campo="valor">{rules.fcp}</exigeValorFecp>',
            f'<exigeCamposAdicionais campo="camposExtras">{yes[bool(rules.fields)]}</exigeCamposAdicionais>',
            _fields(rules.fields),
            f"<aceitaPgPix>{yes[rules.pix]}</aceitaPgPix></receita>",
        )
    )


def _fields(fields: tuple[GuideField, ...]) -> str:
    each = "".join(
        f'<campoAdicional campo="campoExtra"><obrigatorio>{"S" if f.required else "N"}</obrigatorio>'
        f'<codigo campo="codigo">{f.code}</codigo><tipo campo="tipo">{f.kind}</tipo><tamanho>44</tamanho>'
        f"<titulo>{escape(f.title)}</titulo><versoesXmlCampoAdicional><versao>2.00</versao></versoesXmlCampoAdicional></campoAdicional>"
        for f in fields
    )
    return f"<camposAdicionais>{each}</camposAdicionais>" if each else ""
