"""Builds and runs the C client that stands beside the saturation benchmark."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.programs import NotMeasured, last_line
from benchmarks.window import Window

_SOURCE = Path(__file__).with_suffix(".c")
_THROUGH_LIBMODBUS = ("-DLIBMODBUS", "-I/usr/include/modbus", "-lmodbus")


@contextmanager
def built() -> Iterator[Path | None]:
    """The program, as long as the block lasts; None on a machine without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        program = Path(folder) / "plain_client"
        for options in (_THROUGH_LIBMODBUS, ()):
            command = [compiler or "", "-O2", "-o", str(program), str(_SOURCE), *options]
            if compiler and subprocess.run(command, capture_output=True, check=False).returncode == 0:
                yield program
                return
        yield None


def run(program: Path, ports: Sequence[int], devices: int, points: int, seconds: float) -> tuple[str, Window]:
    """Through what it asked, and what that cost. Raises NotMeasured."""
    command = [str(program), f"{seconds:g}", str(points), str(devices), *map(str, ports)]
    words = last_line(command, seconds + 60.0).split()
    if len(words) != 4:
        raise NotMeasured(f"the C client said {words}")
    requests = int(words[1])
    return words[0], Window(float(words[2]), float(words[3]), requests, 0, 0, requests * points)
