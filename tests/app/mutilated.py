"""Configurations as they are found on a bad day: a good one, and one thing after another done to its files."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.app.played import RULES

BOMB = "x0: &x0 [a, a]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
HOSTILE = (
    BOMB,
    "&a [*a]",
    "{" * 2000,
    "[" * 100_000,
    "profile: !!python/object/apply:os.system ['true']\nrules: []\n",
    "profile: played-pump\nrules: &r [*r]\n",
    "<<: [{}, {}]\nprofile: played-pump\n",
    "profile: played-pump\nprofile: played-pump\nrules: []\n",
    "profile: played-pump\nrules:\n  - {id: a, yellow: {when: '" + "(" * 500 + "'}}\n",
    "profile: played-pump\nrules:\n  - {id: a, yellow: {when: 'current > " + "9" * 5000 + "'}}\n",
    'profile: played-pump\nrules:\n  - {id: a, yellow: {when: \'__import__("os").system("true")\'}}\n',
    "profile: played-pump\nrules:\n  - {id: a, yellow: {when: current > 1, for: 1e400s}}\n",
    "%YAML 9.9\n---\n",
    "--- 1\n--- 2\n",
    "\x00\x01\x02",
    "",
    "null",
    "7",
    "a: " + "b" * (1 << 21),
)
SCRAPS = (
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
    "''",
    "!secret x",
    "水",
    ",",
    "'",
    '"',
    "#",
    "&a",
    "*a",
)
EXTRA = """profile: played-pump
rules:
  - {id: high, class: motor, yellow: {when: current > 4}, keep: 1s, title: {en: "{device} {current:.1f} A"}}
  - {id: lately, red: {when: "max(current, 5s) > 6 and avg(pressure, 2s) < 9", for: 300ms}, clear: current < 6}
"""


class Mutilator:
    """Puts a good site into a folder and then damages or edits it, the same way for the same seed."""

    def __init__(self, site: Path, seed: int) -> None:
        self._site, self._chance = site, Random(seed)
        self._good = {
            path: path.read_text("utf-8") for path in (site / "config.yaml", site / "profiles/played-pump.yaml")
        }
        self._good[site / "config.yaml"] = self._good[site / "config.yaml"].replace("[pack.yaml]", "[pack.yaml, packs]")
        self._good |= {site / "pack.yaml": RULES, site / "packs/extra.yaml": EXTRA}

    def next(self) -> str:
        """Make the next configuration; returns what was done."""
        self._restore()
        kinds = self._chance.choices(
            (
                self._edited,
                self._typo,
                self._cut,
                self._garbage,
                self._hostile,
                self._no_file,
                self._duplicate,
                self._moved,
            ),
            (8, 4, 3, 2, 2, 2, 2, 2),
            k=self._chance.choice((1, 1, 1, 2, 3)),
        )
        return ", ".join(kind() for kind in kinds)

    def _restore(self) -> None:
        for path, text in self._good.items():
            for ours in (path, path.parent):
                if ours.is_symlink() or (ours == path and path.is_dir()):
                    ours.unlink() if ours.is_symlink() else shutil.rmtree(ours)
            path.parent.mkdir(mode=0o755, exist_ok=True)
            path.parent.chmod(0o755)
            path.unlink(missing_ok=True)
            path.write_text(text, "utf-8")
        (self._site / "packs/second.yaml").unlink(missing_ok=True)

    def _file(self) -> Path:
        present = [path for path in self._good if path.is_file() and not path.is_symlink()]
        return self._chance.choice(present or [self._site / "config.yaml"])

    def _changed(self, change: Callable[[str], str | bytes]) -> None:
        path = self._file()
        text = path.read_text("utf-8", "replace") if path.is_file() else ""
        new = change(text)
        path.write_bytes(new if isinstance(new, bytes) else new.encode())

    def _edited(self) -> str:
        """What a person does who knows what they do, mostly."""
        pack, extra = self._site / "pack.yaml", self._site / "packs/extra.yaml"
        limit = self._chance.choice(("1.2", "2", "2.5", "40"))
        edits: tuple[tuple[Path, str, str], ...] = (
            (pack, "pressure < 2}", f"pressure < {limit}}}"),
            (pack, "压力", self._chance.choice(("水压", "{device}", "出口压力"))),
            (pack, "class: supply", self._chance.choice(("class: water", "class: supply\n    policy: red_strict"))),
            (pack, "  - id: low", "  - {id: added, yellow: {when: avg(current, 3s) > 4}}\n  - id: low"),
            (pack, '  - {id: average, yellow: {when: "avg(current, 1m) > 7"}}\n', ""),
            (extra, "id: high", self._chance.choice(("id: higher", "id: high, latch: true"))),
            (extra, "current > 4}", f"current > {limit}}}"),
            (extra, "max(current, 5s)", self._chance.choice(("max(current, 6s)", "min(current, 5s)"))),
            (extra, "keep: 1s", "keep: 2s"),
        )
        path, old, new = self._chance.choice(edits)
        if path.is_file() and not path.is_symlink():
            path.write_text(path.read_text("utf-8", "replace").replace(old, new), "utf-8")
        return f"edited {path.name}: {new!r}"

    def _typo(self) -> str:
        at, cut, scrap = self._chance.random(), self._chance.randrange(4), self._chance.choice(SCRAPS)
        self._changed(lambda text: text[: int(at * len(text))] + scrap + text[int(at * len(text)) + cut :])
        return f"typo {scrap!r}"

    def _cut(self) -> str:
        at = self._chance.random()
        self._changed(lambda text: text[: int(at * len(text))])
        return "cut short"

    def _garbage(self) -> str:
        noise = self._chance.randbytes(self._chance.choice((1, 64, 4096)))
        self._changed(lambda text: text.encode()[: self._chance.randrange(len(text) + 1)] + noise)
        return "garbage"

    def _hostile(self) -> str:
        bomb = self._chance.choice(HOSTILE)
        self._changed(lambda _: bomb)
        return f"hostile {bomb[:20]!r}"

    def _no_file(self) -> str:
        """Deleted, unreadable, a folder, a link to itself or to nowhere; or its folder is."""
        path = self._file()
        how = self._chance.choice(("deleted", "forbidden", "folder", "loop", "dangling", "folder deleted"))
        if how == "forbidden":
            path.chmod(0o000)
        elif how == "folder deleted" and path.parent != self._site:
            shutil.rmtree(path.parent)
        else:
            path.unlink(missing_ok=True)
            if how == "folder":
                path.mkdir()
            elif how in {"loop", "dangling"}:
                path.symlink_to(path if how == "loop" else "nowhere")
        return f"{how} {path.name}"

    def _duplicate(self) -> str:
        if not (self._site / "packs").is_dir():
            return "nothing"
        rule = self._chance.choice(("low", "high", "second", "second"))
        text = f"profile: played-pump\nrules:\n  - {{id: {rule}, yellow: {{when: current > 3, for: 200ms}}}}\n"
        (self._site / "packs/second.yaml").write_text(text)
        return f"another {rule}"

    def _moved(self) -> str:
        """What a reload does not take over."""
        what = self._chance.choice((("every: 1s", "every: 2s"), ("tick: 100ms", "tick: 1s"), ("湖畔", "山畔")))
        path = self._site / "config.yaml"
        if path.is_file() and not path.is_symlink():
            path.write_text(path.read_text("utf-8", "replace").replace(*what), "utf-8")
        return f"moved {what[1]}"
