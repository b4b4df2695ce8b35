"""What a person may name as the past of a site, and what is said where it cannot be opened."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.reference import kinds
from gateway.core.config import Config, load
from gateway.core.history_settings import HistorySettings, InfluxSettings
from gateway.core.messages import chinese
from gateway.core.plugins import discover
from gateway.core.types import Fleet, Fresh
from gateway.history import sources
from gateway.history.csv.past import CsvPast
from gateway.history.influx.query import InfluxSource
from gateway.history.local import write_history
from gateway.history.past import NoPast
from gateway.history.recording import Recording
from gateway.history.sources import open_past
from tests.docs.pages import ROOT, fences

Fleets = Callable[..., Fleet]
Freshes = Callable[..., Fresh]
WIDE = "time,device,pressure\n2026-03-15 08:01:00,P-1,0.45\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The site of the repository, with nothing recorded yet, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").symlink_to(ROOT / "rules")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    loaded = load(tmp_path / "config.yaml", plugins=discover(), need_secrets=False, environment={})
    assert loaded.config is not None
    return loaded.config


def refused(spec: str, site: Config) -> str:
    with pytest.raises(NoPast) as caught:
        open_past(spec, site, environment={})
    assert caught.value.sentence("zh") != caught.value.sentence("en")
    return caught.value.sentence("en")


def test_the_local_history_and_others_like_it(site: Config, fleet_of: Fleets, fresh_of: Freshes) -> None:
    local = site.state_folder / sources.LOCAL_FILE
    assert refused("local", site) == f"there is no history at {local}"
    write_history(local, [fresh_of(fleet_of(), [5.0])])
    for spec in ("local", str(local), str(site.state_folder)):
        with open_past(spec, site) as past:
            assert isinstance(past, Recording)
            assert not isinstance(past, CsvPast)
            assert past.profiles() == {"pump-set": (5.0, 5.0)}
            assert past.notes == ()


def test_csv_files_and_folders_of_them(site: Config, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text(WIDE)
    (tmp_path / "b.CSV").write_text(WIDE.replace("P-1", "P-2"))
    shares: list[float] = []
    for spec in ("csv:data,b.CSV", "csv:data/a.csv", "data", "b.CSV"):
        with open_past(spec, site, progress=shares.append) as past:
            assert isinstance(past, CsvPast)
            assert [*past.profiles()] == ["pump-set"]
    assert shares[-1] == 1.0


def test_what_cannot_be_opened(site: Config, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\x00" + b"\x07" * 2000)
    assert refused("nowhere", site) == "there is no history at nowhere"
    assert refused("csv:empty", site) == "there is no *.csv in empty"
    assert refused("csv:", site).startswith("no CSV file is named")
    assert refused("csv:nowhere.csv", site) == "nowhere.csv cannot be read: No such file or directory"
    assert refused("torn.db", site).startswith("the history torn.db cannot be read: ")
    assert refused("influxdb", site).startswith("config.yaml has no history: influxdb:")
    for spec in ("plant", "http://host:8086", "http://me:pw@host?db=x", "http://host?db=x&password=y", "ftp://h?db=x"):
        assert refused(f"influxdb:{spec}", site).startswith("this is no InfluxDB: write influxdb:http://HOST")
    assert "the secret mine is nowhere to be found" in refused("influxdb:http://h?db=x&secret=mine", site)


def test_where_influxdb_is_and_how_to_log_in(site: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[InfluxSource] = []
    monkeypatch.setattr(sources, "InfluxPast", lambda source, *_: opened.append(source))
    environment = {"GATEWAY_SECRET_INFLUX_TOKEN": "a", "GATEWAY_SECRET_OTHER": "me:b"}
    for query in ("db=plant", "db=plant&rp=year&site=&secret=other"):
        open_past(f"influxdb:https://host:8086/influx?{query}", site, environment=environment)
    settings = InfluxSettings.model_validate({"url": "http://own", "bucket": "site", "token": "c"})
    own = Config(**{name: getattr(site, name) for name in site.__dataclass_fields__} | {"history": _with(settings)})
    open_past("influxdb", own)
    first, second, third = opened
    assert (first.url, first.database, first.site) == ("https://host:8086/influx", "plant", "lakeside")
    assert [source.login.get_secret_value() for source in opened] == ["a", "me:b", "c"]
    assert (second.retention_policy, second.site) == ("year", "")
    assert (third.url, third.database, third.site) == ("http://own", "site", "lakeside")
    assert "me:b" not in repr(opened)


def _with(settings: InfluxSettings) -> HistorySettings:
    return HistorySettings(influxdb=settings)


def test_the_examples_of_the_page_are_right(site: Config, tmp_path: Path) -> None:
    examples = fences("wide", "long", page="backtest-other-data.md")
    assert len(examples) == 2
    for example in examples:
        (tmp_path / "example.csv").write_text(example.text)
        with open_past("csv:example.csv", site) as past:
            assert past.notes == ()
            [pumps] = [fleet for fleet in site.fleets if fleet.profile.profile == "pump-set"]
            last = [*past.fresh(pumps, 0.0, 1e12)][-1]
        known = dict(zip(pumps.profile.names, last.values[-1], strict=True))
        assert [known[name] for name in ("pressure", "flow", "power")] == pytest.approx([0.445, 12.6, 5.1], abs=0.11)


def test_every_sentence_is_there_in_chinese_with_values_that_it_has() -> None:
    said = kinds._found(r"^(Note|NoPast|self\._failed|self\._tell|super\(\)\.__init__)$")
    ours = {kind: said[kind] for kind in said if kind.startswith(("csv_", "influx_", "history_", "no_history_"))}
    assert len(ours) > 30
    for kind, sentences in ours.items():
        assert set(re.findall(r"{(\w+)}", chinese()[kind])) <= set(re.findall(r"{(\w+)}", " ".join(sentences))), kind
