"""Drivers and detectors are found by their entry points; a broken one harms no other."""

from importlib.metadata import EntryPoint

from gateway.core.plugins import discover


def _driver(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "gateway.drivers")


def test_the_built_in_plugins_register_like_everyone_else() -> None:
    plugins = discover()
    assert {"modbus", "mqtt"} <= plugins.drivers.keys()
    assert "usual" in plugins.detectors
    assert not plugins.broken


def test_a_broken_package_is_named_and_the_others_work() -> None:
    plugins = discover([_driver("modbus", "drivers.modbus:PLUGIN"), _driver("knx", "no_such_module:PLUGIN")])
    assert list(plugins.drivers) == ["modbus"]
    problem = plugins.missing("driver", "knx")
    assert problem.type == "broken_plugin"
    assert "no_such_module" in problem.message()


def test_what_is_no_plugin_is_refused() -> None:
    plugins = discover([_driver("path", "pathlib:Path"), EntryPoint("path", "pathlib:Path", "gateway.detectors")])
    assert not plugins.drivers
    assert plugins.missing("driver", "path").type == "broken_plugin"
    assert plugins.missing("detector", "path").type == "broken_plugin"


def test_a_name_that_two_packages_claim_belongs_to_neither() -> None:
    plugins = discover([_driver("modbus", "drivers.modbus:PLUGIN"), _driver("modbus", "other.modbus:PLUGIN")])
    assert not plugins.drivers
    assert "both claim" in plugins.missing("driver", "modbus").message()


def test_an_unknown_name_gets_the_nearest_one() -> None:
    problem = discover([_driver("modbus", "drivers.modbus:PLUGIN")]).missing("driver", "modbuss")
    assert problem.type == "unknown_driver"
    assert (problem.context or {})["hint"] == "modbus"
