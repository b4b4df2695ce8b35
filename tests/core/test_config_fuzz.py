"""No file that a person can write makes `load` raise: whatever is wrong is a finding, and secrets stay hidden."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.config import load
from gateway.core.findings import has_errors
from gateway.core.plugins import discover

PLUGINS = discover()
CASES = Path(__file__).parents[1] / "cases" / "check"
SITES = [(CASES / name / "config.yaml").read_text("utf-8") for name in ("everything", "feeders", "fine")]
SCRAPS = [
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "null",
    "7",
    "true",
    "''",
    "!secret x",
    "{a: 1}",
    "[1]",
    "水",
    ",",
]


@settings(max_examples=150, deadline=None)
@given(
    site=st.sampled_from(SITES),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(SCRAPS)), max_size=4),
)
def test_a_mutilated_site_is_explained(site: str, edits: list[tuple[float, int, str]]) -> None:
    for where, cut, scrap in edits:
        at = int(where * len(site))
        site = site[:at] + scrap + site[at + cut :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(site, encoding="utf-8")
        loaded = load(path, plugins=PLUGINS, need_secrets=False, environment={})
    assert (loaded.config is None) == has_errors(loaded.findings)
    for finding in loaded.findings:
        assert finding.line >= 1
        assert finding.show("zh")
        assert finding.show("en")
