"""Every sentence of the bus doctor exists in Chinese, with the values of the English one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import drivers.modbus.doctor
import gateway.cli.probe
from drivers.modbus.doctor.fitting import Verdict
from drivers.modbus.doctor.quantities import QUANTITIES
from drivers.modbus.doctor.reading import Reason
from gateway.cli.probe.words import percent, told
from gateway.cli.screen import word
from gateway.core.messages import chinese

_KIND = re.compile(r"(probe|doctor)_\w+")
SPEAKERS = {"Reason", "Failed", "Misused", "say"}
FAMILIES = {
    "quantity": sorted({quantity.name for quantity in QUANTITIES}),
    "fit": [*get_args(Verdict)],
    "head": [
        *("address", "manual", "registers", "value", "type", "sure", "or_else"),
        *("point", "reason", "unit", "latency", "says", "profile"),
    ],
}


def spoken() -> Iterator[tuple[str, str]]:
    """Every kind that the doctor's sources name, with the English sentence where it is written beside it."""
    folders = [Path(path) for package in (drivers.modbus.doctor, gateway.cli.probe) for path in package.__path__]
    for source in (path for folder in folders for path in sorted(folder.glob("*.py"))):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in SPEAKERS and len(node.args) > 1:
                english = _text(node.args[1])
                yield from ((kind, english) for kind in map(_text, ast.walk(node.args[0])) if _KIND.fullmatch(kind))


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize(("kind", "english"), sorted(set(spoken())))
def test_every_sentence_in_chinese(kind: str, english: str) -> None:
    places = set(re.findall(r"\{(\w+)", chinese()[kind]))
    assert not english or places <= set(re.findall(r"\{(\w+)", english))


def test_the_scan_of_the_sources_finds_them() -> None:
    assert {"probe_nobody", "doctor_met", "doctor_met_scaled", "doctor_steady", "probe_bad_url"} <= dict(
        spoken()
    ).keys()


@pytest.mark.parametrize(("family", "name"), [(family, name) for family, names in FAMILIES.items() for name in names])
def test_words_in_chinese(family: str, name: str) -> None:
    assert not word(family, name, "zh").isascii()


def test_a_quantity_in_a_sentence_is_translated_too() -> None:
    reason = Reason("doctor_met", "could be {quantity}", {"quantity": "mains voltage"})
    assert told(reason, "en") == "could be mains voltage"
    assert told(reason, "zh") == "可能是电网相电压"


@pytest.mark.parametrize(("share", "text"), [(1.0, ">99%"), (0.5, "50%"), (0.0, "<1%"), (0.99, "99%")])
def test_nothing_is_rounded_to_certainty(share: float, text: str) -> None:
    assert percent(share) == text
