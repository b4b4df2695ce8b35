"""The generated pages of docs/reference, by file name; each is made by a function without arguments."""

from collections.abc import Callable, Mapping

from gateway.cli.reference.checks import checks_page
from gateway.cli.reference.commands import commands_page
from gateway.cli.reference.files import config_page, profile_page, rules_page
from gateway.cli.reference.functions import functions_page
from gateway.cli.reference.packs import pack_pages
from gateway.cli.reference.wire import dispatch_page, metrics_page

PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "config.md": config_page,
    "profile.md": profile_page,
    "rules.md": rules_page,
    "functions.md": functions_page,
    "checks.md": checks_page,
    "metrics.md": metrics_page,
    "dispatch-api.md": dispatch_page,
    **pack_pages(),
}
