"""The contract gate: prints equal their files, stored documents validate, a removed field is found."""

from __future__ import annotations

from typer.testing import CliRunner

from hub.cli.schema import app
from schema.prints import SDL_FILE, faults, sdl


def test_the_files_are_what_the_code_prints() -> None:
    assert faults() == []


def test_a_removed_field_is_a_fault() -> None:
    released = sdl().replace("type Order implements Node {", "type Order implements Node {\n  gone: String")
    assert faults(released) == ["Field Order.gone was removed."]


def test_the_command_says_so_and_fails(tmp_path: object) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["check"]).exit_code == 0
    old = f"{tmp_path}/old.graphql"
    with open(old, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path as text
        file.write(SDL_FILE.read_text(encoding="utf-8").replace("enum Role {", "enum Role {\n  KING"))
    result = runner.invoke(app, ["check", "--against", old])
    assert result.exit_code == 1
    assert "KING was removed" in result.output


def test_export_writes_both(tmp_path: object) -> None:
    result = CliRunner().invoke(app, ["export", "--to", str(tmp_path)])
    assert result.exit_code == 0
    assert {line.rsplit("/", 1)[-1] for line in result.output.splitlines()} == {"schema.graphql", "openapi.json"}
