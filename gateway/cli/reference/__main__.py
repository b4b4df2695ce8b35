"""`python -m gateway.cli.reference`: writes the generated pages of docs/reference; --check says which are old."""

import argparse
import sys
from pathlib import Path

from gateway.cli.reference.pages import PAGES

FOLDER = Path("docs/reference")


def main() -> int:
    """Write the pages that changed; with --check change nothing and return 1 if any would."""
    parser = argparse.ArgumentParser(prog="python -m gateway.cli.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which pages are old; exit status 1 if any is")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="instead of docs/reference")
    given = parser.parse_args()
    old = [name for name in PAGES if not _is_current(given.folder, name)]
    for name in old:
        if not given.check:
            (given.folder / name).parent.mkdir(exist_ok=True)
            (given.folder / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stdout.write(f"{given.folder / name}: {'is old' if given.check else 'written'}\n")
    return 1 if old and given.check else 0


def _is_current(folder: Path, name: str) -> bool:
    return (folder / name).exists() and (folder / name).read_text("utf-8") == PAGES[name]()


if __name__ == "__main__":
    sys.exit(main())
