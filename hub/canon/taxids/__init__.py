"""Identifiers of Brazil and of GS1: what is well formed and carries a good check digit. Knows no registry, asks nobody."""

from hub.canon.taxids.access_key import (
    AccessKey,
    BadAccessKey,
    build_key,
    event_id,
    key_digit,
    key_valid,
    parse_key,
    random_code,
    random_code_valid,
    void_id,
)
from hub.canon.taxids.codes import cest_valid, cfop_valid, municipality_valid, ncm_valid
from hub.canon.taxids.gs1 import grai_valid, gs1_digit, gtin_valid, sscc_valid
from hub.canon.taxids.people import cnpj_digits, cnpj_valid, cpf_valid, without_separators
from hub.canon.taxids.registration import UnknownUf, registration_valid
from hub.canon.taxids.ufs import UF_BY_CODE, UF_CODES

__all__ = [
    "UF_BY_CODE",
    "UF_CODES",
    "AccessKey",
    "BadAccessKey",
    "UnknownUf",
    "build_key",
    "cest_valid",
    "cfop_valid",
    "cnpj_digits",
    "cnpj_valid",
    "cpf_valid",
    "event_id",
    "grai_valid",
    "gs1_digit",
    "gtin_valid",
    "key_digit",
    "key_valid",
    "municipality_valid",
    "ncm_valid",
    "parse_key",
    "random_code",
    "random_code_valid",
    "registration_valid",
    "sscc_valid",
    "void_id",
    "without_separators",
]
