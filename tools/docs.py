"""Builds the documentation with Sphinx: what is in docs/, the READMEs of the drivers, and the generated reference.

    python3 tools/docs.py [FOLDER]

The pages are put together in FOLDER/source (default: build/docs), then FOLDER/html is made of them; warnings are
errors. Needs the extra "docs".
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.reference import pages  # noqa: E402


def assemble(source: Path) -> None:
    """Write every page below C{source}; what was there before is removed."""
    if source.exists():
        shutil.rmtree(source)
    shutil.copytree(ROOT / "docs", source)
    buses = source / "buses"
    buses.mkdir()
    for readme in sorted((ROOT / "dog" / "drivers").glob("*/README.md")):
        shutil.copy(readme, buses / f"{readme.parent.name}.md")
    shutil.copy(ROOT / "NEWS.md", source / "news.md")
    shutil.copy(ROOT / "dog" / "pages" / "dog.svg", source / "dog.svg")
    for name, text in pages().items():
        path = source / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in sorted(source.rglob("*.md")):
        path.write_text(linked(path.read_text("utf-8"), path.relative_to(source), source), encoding="utf-8")


#: What the pages call each other by, which is where they are for who reads them in the sources.
_NAMED = re.compile(r"`(docs/([\w/-]+\.md)|dog/drivers/(\w+)/README\.md|etc/dog/dog\.toml)`")


def linked(text: str, page: Path, source: Path) -> str:
    """The text of a page with links where it names other pages."""

    def link(match: re.Match[str]) -> str:
        target = match[2] or (f"buses/{match[3]}.md" if match[3] else "reference/configuration.md")
        if not (source / target).exists():
            return match[0]
        return f"[{match[0]}]({'../' * (len(page.parts) - 1)}{target})"

    return _NAMED.sub(link, text)


def build(folder: Path) -> int:
    """Put the pages together and have Sphinx make HTML of them; its exit status."""
    from sphinx.cmd.build import main

    source = folder / "source"
    assemble(source)
    strict = ["-q", "-W", "--keep-going", "-n"]
    return main([*strict, "-b", "html", "-d", str(folder / "trees"), str(source), str(folder / "html")])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs"
    status = build(folder)
    if status == 0:
        print(f"The documentation is at {folder / 'html' / 'index.html'}")
    sys.exit(status)
