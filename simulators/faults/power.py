"""How power equipment fails: feeders, transformers and cabinets have a file each."""

from collections.abc import Mapping

from simulators.faults import meter, residual, transformer
from simulators.faults.fault import Fault

FAULTS: Mapping[str, Fault] = {**transformer.FAULTS, **meter.FAULTS, **residual.FAULTS}
