"""A bar for long work: on a terminal only, on standard error, and gone when the work is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gateway.cli.screen import console


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[float], None]]:
    """Show, while the block lasts, the share (0 to 1) that the yielded function is told; until then, that it runs."""
    screen = console(errors=True)
    if not screen.is_terminal:
        yield lambda _: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task(description, total=None)

        def tell(share: float) -> None:
            progress.update(task, total=1.0, completed=share)

        yield tell
