"""Opens the past, wherever it is kept: the file of this gateway, files of somebody else, or a database."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from pydantic import SecretStr

from gateway.core.config import Config
from gateway.core.secrets import Secrets
from gateway.history.csv.past import CsvPast
from gateway.history.influx.past import InfluxPast
from gateway.history.influx.query import InfluxSource
from gateway.history.past import NoPast, Past
from gateway.history.recording import Recording

LOCAL_FILE = "history.db"
LOGIN = "influx_token"
_SQLITE = b"SQLite format 3\x00"
_SETTINGS = {"db", "rp", "site", "secret"}


def open_past(
    spec: str,
    config: Config,
    *,
    environment: Mapping[str, str] = os.environ,
    progress: Callable[[float], None] = lambda _: None,
) -> Past:
    """Open what a person names as the history of a site; a context manager that lets go of it at the end.

    - `local`: the history file in the state folder
    - a path: another history file, a state folder, a CSV file or a folder of such
    - `csv:PATH[,PATH...]`: CSV files or folders of them
    - `influxdb`: the InfluxDB of the configuration
    - `influxdb:URL?db=NAME[&rp=NAME][&site=ID][&secret=NAME]`: another one. Its login is the secret of that name, or
      `influx_token`, found where `!secret` finds them: "user:password" or a token; none if there is no such secret

    CSV files are read as a whole before this returns; `progress` is told the share that is done, 0 to 1.
    Raises NoPast, which says in one sentence what is wrong. `Past.notes` says what was odd, after reading as well.
    """
    kind, _, rest = spec.partition(":")
    if spec == "local":
        return _recording(config.state_folder / LOCAL_FILE)
    if spec == "influxdb":
        return InfluxPast(_configured(config), config.fleets, config.tick_s)
    if kind == "influxdb":
        secrets = Secrets(config.path.parent / "secrets", environment)
        return InfluxPast(_asked_for(rest, config.site.id, secrets), config.fleets, config.tick_s)
    if kind == "csv":
        return _csv([Path(part) for part in rest.split(",") if part], config, progress)
    return _at(Path(spec), config, progress)


def _at(path: Path, config: Config, progress: Callable[[float], None]) -> Past:
    if path.is_dir() and (path / LOCAL_FILE).exists():
        return _recording(path / LOCAL_FILE)
    if path.is_dir() or (path.is_file() and not _is_history(path)):
        return _csv([path], config, progress)
    return _recording(path)


def _recording(path: Path) -> Recording:
    try:
        return Recording(path)
    except FileNotFoundError as error:
        raise NoPast("no_history_file", "there is no history at {path}", path=path) from error
    except sqlite3.Error as error:
        english = "the history {path} cannot be read: {reason}"
        raise NoPast("history_unreadable", english, path=path, reason=error) from error


def _csv(paths: Sequence[Path], config: Config, progress: Callable[[float], None]) -> CsvPast:
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    if not files:
        raise NoPast("csv_no_files", "no CSV file is named; write csv:FILE,FILE or csv:FOLDER")
    return CsvPast(files, config.fleets, config.site.zone, config.tick_s, progress)


def _files(path: Path) -> Iterator[Path]:
    found = sorted(path.glob("*.[cC][sS][vV]")) if path.is_dir() else [path]
    if not found:
        raise NoPast("csv_empty_folder", "there is no *.csv in {folder}", folder=path)
    yield from found


def _is_history(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise NoPast("csv_not_opened", "{file} cannot be read: {reason}", file=path, reason=error.strerror) from error


def _configured(config: Config) -> InfluxSource:
    settings = config.history.influxdb
    if settings is None:
        raise NoPast("influx_not_configured", "config.yaml has no history: influxdb:; write influxdb:URL?db=NAME")
    return InfluxSource(settings.url, settings.bucket, "", settings.token, config.site.id)


def _asked_for(text: str, site: str, secrets: Secrets) -> InfluxSource:
    url, _, query = text.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if not url.startswith(("http://", "https://")) or "@" in url or not given.get("db") or given.keys() - _SETTINGS:
        raise NoPast(
            "influx_bad_address",
            "this is no InfluxDB: write influxdb:http://HOST:8086?db=NAME, with rp=, site= or secret= if needed, and no"
            " password",
        )
    login = secrets.find(given.get("secret", LOGIN))
    if login is None and "secret" in given:
        name = given["secret"]
        english = "the secret {name} is nowhere to be found; it may be in one of {places}"
        raise NoPast("influx_no_secret", english, name=name, places=secrets.places(name))
    return InfluxSource(
        url.rstrip("/"), given["db"], given.get("rp", ""), login or SecretStr(""), given.get("site", site)
    )
