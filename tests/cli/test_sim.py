"""`hub sim sefaz` says where it is and how to get in, serves with mutual TLS, and ends when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from hub.canon.certificates import open_pkcs12
from hub.cli.sim import app
from hub.kit.mtls import client_context
from tests.shared import ROOT


def test_unknown_profiles_are_wrong_use() -> None:
    assert CliRunner().invoke(app, ["sefaz", "--profile", "XX"]).exit_code == 2


def test_it_serves_until_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hub", "sim", "sefaz", "--out", str(tmp_path), "--profile", "MG"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            identity = open_pkcs12((tmp_path / "client.pfx").read_bytes(), told["password"])
            context = client_context(identity, (tmp_path / "ca.pem").read_text(encoding="ascii"))
            with httpx.Client(verify=context, trust_env=False) as client:
                state = client.post(f"{told['base_url']}/_sim/notes").json()
            assert state["notes"] == []
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("word", ["--help"])
def test_help_names_the_other_sides(word: str) -> None:
    assert "sefaz" in CliRunner().invoke(app, [word]).stdout
