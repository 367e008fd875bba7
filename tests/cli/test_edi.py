"""`hub edi check`: one JSON line a file in order, exit codes, no database and no socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import hub
from hub.cli.edi import app
from tests.adapters.x12.x12files import ORDER, file, group, one_set

RUN = CliRunner()
ROOT = Path(hub.__file__).parent.parent
WATCH = """
import os, sys

def told(event, given):
    if event == "open":
        path, mode, flags = given
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
        if writes and path != os.devnull:
            print("WATCHED", event, path, file=sys.stderr)
    elif event.split(".")[0] in ("socket", "subprocess") or event in WRITING:
        print("WATCHED", event, given, file=sys.stderr)

WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.posix_spawn", "os.fork"}
print("WATCHED begins", file=sys.stderr)
sys.addaudithook(told)
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.edi"
    path.write_text(file())
    return path


def test_each_file_gives_one_line_in_order(good: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.edi"
    bad.write_text(file(group(one_set([*ORDER, "ZZZ*1"]))))
    done = RUN.invoke(app, ["check", "--json", str(bad), str(good), str(tmp_path / "none"), str(tmp_path)])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [x["outcome"] for x in lines] == ["errors", "ok", "unreadable", "unreadable"]
    assert lines[1]["file"] == str(good)
    assert lines[1]["reason"] is None
    assert lines[2]["reason"]
    assert done.exit_code == 1


def test_the_contract_of_a_line(good: Path) -> None:
    done = RUN.invoke(app, ["check", "--json", str(good)])
    assert done.exit_code == 0
    (interchange,) = json.loads(done.stdout)["interchanges"]
    assert interchange["sender"] == "ACMERETAIL"
    assert interchange["ta1_code"] == "000"
    (one,) = interchange["groups"][0]["sets"]
    assert (one["set"], one["control"], one["verdict"], one["segments"]) == ("850", "0001", "accepted", 12)
    assert one["documents"] == [
        {
            "kind": "order",
            "number": "PO1",
            "date": "2026-11-20",
            "parties": [{"role": "ship_to", "name": "STORE 7", "id": "0007"}],
            "line_count": 2,
            "quantity_total": "14",
            "amount_total": "104.00",
        }
    ]
    assert "AK9*A*1*1*1" in interchange["ack"]


def test_an_error_says_where_and_what(tmp_path: Path) -> None:
    path = tmp_path / "x.edi"
    path.write_text(file(group(one_set(["BEG*00*SA*PO1**20261120", "PO1*1*1*EACH*1**VN*A", "CTT*1"]))))
    result = json.loads(RUN.invoke(app, ["check", "--json", str(path)]).stdout)
    (error,) = result["interchanges"][0]["groups"][0]["sets"][0]["errors"]
    assert error == {
        "code": "too_long",
        "message": 'PO103 at 3: unit of measure "EACH" is longer than 2 characters',
        "segment": "PO1",
        "segment_position": 3,
        "element": 3,
        "value": "EACH",
        "path": "/PO1[1]/PO103",
        "ak": "AK403 5",
    }


def test_it_opens_no_database_and_no_socket_and_writes_no_file(good: Path, tmp_path: Path) -> None:
    """Of a process of its own, from its first import on: what it opens and dials is told by the interpreter itself."""
    watch = tmp_path / "watch" / "sitecustomize.py"
    watch.parent.mkdir()
    watch.write_text(WATCH)
    here = tmp_path / "here"
    here.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
    environment |= {"PYTHONPATH": f"{watch.parent}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "hub", "edi", "check", "--json", str(good), str(tmp_path / "none")]
    done = subprocess.run(  # noqa: S603 - this very program
        words, cwd=here, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["ok", "unreadable"]
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("WATCHED")] == ["WATCHED begins"]
    assert list(here.iterdir()) == []


def test_standard_input_and_sentences() -> None:
    done = RUN.invoke(app, ["check", "-"], input=file())
    assert done.exit_code == 0
    assert "order PO1 of 2026-11-20: 2 lines, total 104.00" in done.stdout


@pytest.mark.parametrize("words", [["check", "--partner", "nobody", "-"], ["check"], ["check", "--what", "-"]])
def test_wrong_usage_is_exit_code_two(words: list[str]) -> None:
    assert RUN.invoke(app, words, input="").exit_code == 2


def test_all_guides_load_and_samples_pass_them(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["guide", "--check"]).exit_code == 0
    shown = RUN.invoke(app, ["guide", "004010/855", "--sample"])
    assert shown.stdout.startswith("ISA*00*")
    assert "~\nBAK*00*AC*" in shown.stdout
    assert "<pre>" in RUN.invoke(app, ["guide", "004010/850", "--html"]).stdout


def test_explain_says_segments_in_words(good: Path) -> None:
    done = RUN.invoke(app, ["explain", str(good)])
    assert "purchase order number PO1" in done.stdout


def test_json_and_back_gives_the_same_bytes(good: Path, tmp_path: Path) -> None:
    shown = RUN.invoke(app, ["json", str(good)])
    form = tmp_path / "good.json"
    form.write_text(shown.stdout)
    assert RUN.invoke(app, ["x12", str(form)]).stdout_bytes == good.read_bytes()
    form.write_text("[]")
    assert RUN.invoke(app, ["x12", str(form)]).exit_code == 1
    assert RUN.invoke(app, ["json", str(tmp_path / "none")]).exit_code == 1
