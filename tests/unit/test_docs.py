"""Runs every command and every code block that README and docs show, page by page, in an empty folder."""

import re
import shlex
from pathlib import Path

import pytest

from zerosum.cli import main

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "docs/design.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "guide").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str, str]]:
    return [(kind, about.strip(), body) for kind, about, body in BLOCK.findall((ROOT / page).read_text())]


def command_lines(body: str) -> list[str]:
    joined = body.replace("\\\n", " ")
    return [line.split(" #")[0].strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("page", PAGES)
def test_everything_shown_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace: dict = {"__name__": "__docs__"}
    for kind, about, body in blocks(page):
        if about.startswith("file="):
            Path(about.removeprefix("file=")).write_text(body)
        elif kind == "python":
            # A file, so that the help texts behind the fields of a Config can be read from its source.
            source = tmp_path / f"block-{len(list(tmp_path.glob('block-*')))}.py"
            source.write_text(body)
            exec(compile(body, str(source), "exec"), namespace)
        elif kind == "bash":
            for line in command_lines(body):
                run(line)
        else:
            assert kind in ("text", "toml", "json", "mermaid"), f"{page}: a block of kind '{kind}' is never run"


def run(line: str) -> None:
    """Run one shown command; what sets the environment up is run by .ci/run, which must contain it."""
    words = shlex.split(line)
    if words[0] == "zerosum":
        status = main(words[1:])
        assert status == 0, f"'{line}' ended with status {status}"
    else:
        assert line.startswith(("git clone", "cd ")) or line in (ROOT / ".ci" / "run").read_text(), \
            f"'{line}' is shown, and nothing runs it"


def test_generated_pages_are_those_of_today():
    """`make docs` was run after the last change of cards, settings or result files."""
    from zerosum.cli.docs import generate

    stale = [str(path.relative_to(ROOT)) for path, text in generate(ROOT).items()
             if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert not stale, f"run 'make docs': {stale}"


def test_links_lead_somewhere():
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://")):
                assert (path.parent / target).exists(), f"{path.relative_to(ROOT)} links to {target}"
