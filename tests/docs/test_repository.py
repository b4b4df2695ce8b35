"""Habits that hold for every file: sizes, forbidden tools, names that belong to us."""

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

ROOMS = ("gateway", "drivers", "rules", "models", "simulators", "benchmarks")
LONGEST_FILE, LONGEST_TEST_FILE, LONGEST_FUNCTION = 250, 300, 60
_UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
_UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
_INDEX = re.compile(r"(?i)\bpy" + r"pi\b|python" + r"hosted|(?<!emit-)index-" + r"url|https?://\S*/simple\b")

PRODUCT = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_package_claims_a_name_of_ours(room: str) -> None:
    owners = set(packages_distributions().get(room, ()))
    assert owners <= {"property-gateway"}, f"{', '.join(owners)} brings a package {room}; see ADR 1"


def test_files_are_short() -> None:
    limits = {**dict.fromkeys(PRODUCT, LONGEST_FILE), **dict.fromkeys(TESTS, LONGEST_TEST_FILE)}
    long = [f"{_name(path)}: {n}" for path, most in limits.items() if (n := _lines(path)) > most and not _excused(path)]
    assert not long, f"split it or say why in an ADR: {', '.join(long)}"


def test_functions_are_short() -> None:
    long = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in (*PRODUCT, *TESTS)
        for node in ast.walk(_tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
        and not _excused(path)
    ]
    assert not long, f"split it or say why in an ADR: {', '.join(long)}"


def test_the_product_unpickles_and_evaluates_nothing() -> None:
    assert not [found for path in PRODUCT for found in _unsafe(path)]


def test_no_file_names_a_package_index() -> None:
    named = [_name(path) for path in _tracked() if _INDEX.search(path.read_text("utf-8", errors="ignore"))]
    assert not named


def _unsafe(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Import(names=names):
                bad = {name.name.partition(".")[0] for name in names} & _UNSAFE_MODULES
            case ast.ImportFrom(module=str(module)):
                bad = {module.partition(".")[0]} & _UNSAFE_MODULES
            case ast.Call(func=ast.Name(id=name)):
                bad = {name} & _UNSAFE_CALLS
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                bad = {"allow_pickle"}
            case _:
                bad = set()
        yield from (f"{_name(path)}: {each}" for each in bad)


def _tracked() -> list[Path]:
    """Every file that is, or would be, in the repository."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def _excused(path: Path) -> bool:
    """An ADR names the file."""
    return any(_name(path) in page.read_text("utf-8") for page in (ROOT / "docs/adr").glob("*.md"))


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))
