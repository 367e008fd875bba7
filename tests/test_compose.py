"""The containers hold what `docs` promise of them: no root, no writable root, no loose tags, health known."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from hub.kit.embedded.cluster import SETTINGS
from hub.kit.settings import Settings
from tests.shared import ROOT

COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
each = pytest.mark.parametrize("name", sorted(SERVICES))


def test_the_services_are_the_four_and_the_rest_is_asked_for() -> None:
    profiles = {name: service.get("profiles", [])[:1] for name, service in SERVICES.items()}
    assert {n for n, p in profiles.items() if not p} == {"postgres", "migrate", "web", "worker"}
    assert {n for n, p in profiles.items() if p == ["fanout"]} == {"nats", "relay"}
    assert {n for n, p in profiles.items() if p == ["observability"]} == {"prometheus", "grafana", "collector"}


def test_the_broker_syncs_each_message() -> None:
    assert re.search(r"^  sync_interval: always$", (ROOT / "docs/observability/nats.conf").read_text(), re.MULTILINE)


def test_metrics_are_published_to_nobody() -> None:
    assert not any("9464" in str(port) for service in SERVICES.values() for port in service.get("ports", ()))


def test_files_that_are_mounted_exist() -> None:
    mounts = [v for service in SERVICES.values() for v in service.get("volumes", ()) if v.startswith("./")]
    assert mounts
    assert all((ROOT / mount.split(":")[0]).exists() for mount in mounts)


@each
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    uid, gid = service["user"].split(":")
    assert int(uid) > 0 < int(gid)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["init"] is True
    assert "privileged" not in service


@each
def test_health_is_known(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    without = {"migrate", "relay", "collector"}
    assert health.get("disable") is True if name in without else health["test"][0] == "CMD"


@each
def test_an_image_has_a_tag_that_stays(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert tag
    assert "latest" not in tag


def test_work_begins_after_the_migrations() -> None:
    for name in ("web", "worker"):
        after = SERVICES[name]["depends_on"]
        assert after["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_the_database_is_not_reachable_from_outside() -> None:
    assert "ports" not in SERVICES["postgres"]
    assert SERVICES["postgres"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


def test_no_secret_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("HUB_DB_PASSWORD", "HUB_KEK"):
        assert all(use.startswith(":?") for use in re.findall(rf"\$\{{{name}(.{{2}})", text))
        assert f"${{{name}" in text


def test_both_databases_run_with_the_same_settings() -> None:
    """The embedded one and the container's must not differ in what the hub relies on."""
    asked = dict(part.split("=", 1) for part in SERVICES["postgres"]["command"] if "=" in part)
    assert {name: asked[name] for name in asked if name in SETTINGS} == {
        name: SETTINGS[name] for name in asked if name in SETTINGS
    }
    assert {"max_prepared_transactions", "idle_in_transaction_session_timeout", "jit"} <= set(asked)
    assert "--builtin-locale=C.UTF-8" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


@each
def test_every_hub_variable_is_a_setting(name: str) -> None:
    known = {f"HUB_{field.upper()}" for field in Settings.model_fields}
    assert {v for v in SERVICES[name].get("environment", ()) if v.startswith("HUB_")} <= known


def test_the_image_is_locked_and_not_root() -> None:
    bases = re.findall(r"^(?:ARG PYTHON_IMAGE=|FROM )(\S+)", DOCKERFILE, re.MULTILINE)
    assert all(base == "${PYTHON_IMAGE}" or base.startswith("python:3.11-slim") for base in bases)
    assert "latest" not in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"useradd --uid 10001 [^\n]* hub\b", DOCKERFILE)
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert "HEALTHCHECK" in DOCKERFILE


def test_the_image_sees_no_local_secret() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".hub", ".git", ".venv"} <= set(ignored)
