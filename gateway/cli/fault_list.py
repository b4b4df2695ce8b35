"""`gateway simulate --list-faults`: what can befall simulated devices, by the kind of device."""

from collections.abc import Iterator

from rich.text import Text

from gateway.cli.screen import aligned, console, print_line, word
from gateway.core.messages import Language, say
from gateway.workbench.backtest.figures import roughly
from simulators.faults import FAULTS
from simulators.faults.incident import INCIDENTS

_ANY = "*"


def show_faults(language: Language) -> None:
    """Print every fault and every incident: on what, for how long typically, what is at stake, which ticket is due."""
    screen = console()
    for line in aligned([*_faults(language), *_incidents(language)]):
        line.rstrip()
        print_line(screen, line)


def _faults(language: Language) -> Iterator[list[Text]]:
    trade = say("faults_trade", "TRADE", {}, language)
    for name, fault in sorted(FAULTS.items(), key=lambda entry: (entry[1].kind == _ANY, entry[1].kind)):
        kind = say("faults_of_any", "any device", {}, language) if fault.kind == _ANY else fault.kind
        due = [word("level", level, language) for level in fault.shown]
        about = f"{'/'.join(due)} {fault.rule_class.format(trade=trade)}" if due else ""
        yield _row(kind, name, fault.lasts_s, fault.family, about, language)


def _incidents(language: Language) -> Iterator[list[Text]]:
    many = say("faults_of_many", "many at once", {}, language)
    for name, incident in INCIDENTS.items():
        about = say(f"incident_{name.replace('-', '_')}", f"named by {incident.needs}", {}, language)
        yield _row(many, name, incident.lasts_s, incident.family, about, language)


def _row(kind: str, name: str, lasts_s: float, family: str, about: str, language: Language) -> list[Text]:
    return [Text(each) for each in (kind, name, roughly(lasts_s), word("family", family, language), about)]
