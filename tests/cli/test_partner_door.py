"""A partner is let in by `hub admin door`, the worker's door admits it, and `hub edi onboard` says what is missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from hub.boot import open_hub
from hub.boot.door import doors
from hub.boot.worker import worker_of
from hub.cli.edi_control import onboarding
from hub.flows.folders import Folders
from hub.kit.settings import Settings
from tests.partner import find, interchange, purchase_order


async def test_from_the_key_to_the_acknowledgment(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub import access, connections

    monkeypatch.setenv("HUB_KEK", "a:" + "a" * 43 + "=")
    settings = Settings(data=tmp_path / "data", sftp_port=0)
    key = asyncssh.generate_private_key("ssh-ed25519")
    home = tmp_path / "data" / "sftp" / "acme"
    config = {
        "partner": "acme-retail",
        "ours": "HUBDEMO",
        "sftp_home": str(home),
        "sftp_keys": key.export_public_key().decode(),
        "inbox": str(home / "in"),
        "outbox": str(home / "out"),
    }
    async with open_hub(dsn, settings) as hub, doors(hub) as ports:
        tenant = (await access.create_tenant(hub.db, "t", "T")).tenant_id
        async with hub.db.unit(tenant=tenant, actor="test") as tx:
            await connections.create(tx, "x12", "acme", "ACME", config=config)
        pin = asyncssh.import_private_key((settings.data / "sftp_host_key").read_text()).convert_to_public()
        known: tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]] = ([pin], [], [])
        async with (
            asyncssh.connect(
                "127.0.0.1", ports["sftp"], username="acme", client_keys=[key], known_hosts=known, config=None
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            text = interchange(1, "PO", [purchase_order("PO-1", "EACH", "SKU-1")])
            async with client.open("/in/po.edi", "wb") as opened:
                await opened.write(text.encode())
            plain = {n: f.adapter for n, f in hub.adapters.items()}
            folders = Folders(hub.db, hub.bell, hub.directory, plain, hub.data.deps.incidents, stable=timedelta())
            assert await folders.look() == 1
            assert await client.listdir("/in") == []
            await worker_of(hub).run_until_idle()
            [name] = await client.listdir("/out")
            async with client.open(f"/out/{name}", "rb") as opened:
                ack = (await opened.read()).decode()
        assert find(ack, "AK5")[1] == "R"
        async with hub.db.unit(tenant=tenant, actor="test") as tx:
            steps = {step: done for step, done, _ in await onboarding(tx, "acme")}
        assert [s for s, done in steps.items() if not done] == ["test_received", "document_accepted"]
