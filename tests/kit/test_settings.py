"""Settings come from HUB_ variables, faults name all of them at once and show no value."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from hub.kit.settings import KekInvalid, Settings, SettingsInvalid, load_settings

KEY, OLD = base64.b64encode(b"k" * 32).decode(), base64.b64encode(b"o" * 32).decode()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


def test_without_variables_the_embedded_database_of_the_checkout_is_used() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.data.name == ".hub"
    assert (settings.data.parent / "pyproject.toml").exists()
    assert settings.keks() == {}


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PORT": "81", "DATA": "/var/lib/hub", "POOLER": "yes", "METRICS_TENANTS": "1, 2"}.items():
        monkeypatch.setenv(f"HUB_{name}", value)
    settings = load_settings()
    assert (settings.port, settings.data, settings.pooler) == (81, Path("/var/lib/hub"), True)
    assert settings.metrics_tenants == (1, 2)


def test_all_faults_are_told_at_once_without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "70000")
    monkeypatch.setenv("HUB_LOG_LEVEL", "loud")
    monkeypatch.setenv("HUB_DATABASE_URL", "mysql://root:canary@db/hub")
    with pytest.raises(SettingsInvalid) as told:
        load_settings()
    text = str(told.value)
    assert all(name in text for name in ("HUB_PORT", "HUB_LOG_LEVEL", "HUB_DATABASE_URL"))
    assert "must begin with postgresql://" in text
    assert "canary" not in text
    assert "canary" not in repr(told.value.__context__)


def test_secrets_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub:canary@db/hub")
    monkeypatch.setenv("HUB_KEK", KEY)
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://hub:canary@db/hub"
    shown = repr(settings) + settings.model_dump_json()
    assert "canary" not in shown
    assert KEY not in shown


def test_the_file_wins_and_the_first_key_is_for_new_secrets(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    path.write_text(f"2026:{KEY}\n2025:{OLD}\n")
    settings = Settings(kek_file=path, kek=OLD)
    assert list(settings.keks().items()) == [("2026", b"k" * 32), ("2025", b"o" * 32)]


@pytest.mark.parametrize(
    ("kek", "reason"),
    [
        ("not base64!", "it is not base64"),
        (base64.b64encode(b"short").decode(), "it has 5 bytes, not 32"),
        (f"a:{KEY},a:{OLD}", "the id a occurs twice"),
        (" ", "it is empty"),
    ],
)
def test_a_bad_key_is_refused_with_its_reason(kek: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_KEK", kek)
    with pytest.raises(KekInvalid) as told:
        load_settings().keks()
    assert told.value.data["reason"] == reason


def test_a_missing_key_file_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(KekInvalid, match=r"HUB_KEK_FILE .*No such file"):
        Settings(kek_file=tmp_path / "absent").keks()
