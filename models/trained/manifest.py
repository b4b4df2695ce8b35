"""What a bundle says of itself: a sealed JSON file that names the model, its points, its data and its arrays."""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, from_json

SCHEMA = 1
LARGEST = 256 * 1024
"""Bytes of a manifest; those of hundreds of points have a tenth."""

Text = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0.0)]


class BadBundle(PydanticCustomError):
    """A bundle is refused: kind, one English sentence, and the words in it."""


def refused(kind: str, english: str, **words: Any) -> BadBundle:
    """Why a bundle is of no use."""
    return BadBundle(kind, english, {"key": "bundle", **words})


def damaged(file: Path, what: object) -> BadBundle:
    """Not what `gateway train` wrote."""
    return refused("bundle_damaged", "{file} is damaged or was changed: {what}", file=file, what=str(what)[:200])


class _Sealed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, populate_by_name=True)


class Origin(_Sealed):
    """The data that a model rests on; times in seconds since 1970."""

    first: float
    fitted_until: float
    calibrated_until: float
    last: float
    devices: Count
    rows: Count
    """Device-minutes that it was fitted on."""


class SealedTail(_Sealed):
    """See `calibration.Tail`."""

    threshold: Rate
    excess: Rate
    per_week: Rate


class Member(_Sealed):
    """One array."""

    shape: tuple[Count, ...]
    dtype: Text


class ArraysFile(_Sealed):
    """The .npz beside the manifest."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}\.npz$")]
    size: Count
    sha256: Text
    members: dict[Text, Member]


class Manifest(_Sealed):
    """Everything but the numbers."""

    schema_number: int = Field(SCHEMA, alias="schema")
    profile: Text
    points: Annotated[tuple[Text, ...], Field(max_length=1000)]
    """Of the profile, in its order."""
    features: Annotated[tuple[Text, ...], Field(max_length=1000)]
    """Those that the model looks at."""
    units: dict[Text, Text]
    origin: Origin
    versions: dict[Text, Text]
    tails: dict[Text, SealedTail]
    """By statistic; see `scorer.STATISTICS`."""
    arrays: ArraysFile
    seal: Text = ""
    """SHA-256 of this file as it is with an empty seal."""

    def text(self) -> str:
        """The file, sealed."""
        return _text(self.model_copy(update={"seal": _seal(self)}))


def read_manifest(path: Path) -> Manifest:
    """Raises BadBundle."""
    raw = read_limited(path, LARGEST)
    try:
        plain = from_json(raw, allow_inf_nan=False)
        schema = plain.get("schema") if isinstance(plain, dict) else None
        if isinstance(schema, int) and schema != SCHEMA:
            text = "{file} is written in schema {schema}; this program reads {known}"
            raise refused("bundle_schema", text, file=path.name, schema=schema, known=SCHEMA)
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except BadBundle:
        raise
    except ValueError as error:
        raise damaged(path, "no JSON") from error
    if raw != manifest.text().encode():
        raise damaged(path, "its seal")
    if not set(manifest.features) <= set(manifest.points) or len(set(manifest.points)) < len(manifest.points):
        raise damaged(path, "features")
    return manifest


def read_limited(path: Path, limit: int) -> bytes:
    """A file of at most so many bytes. Raises BadBundle."""
    try:
        if not path.is_file():
            raise refused("bundle_absent", "there is no bundle {file}", file=path)
        if path.stat().st_size > limit:
            raise damaged(path, f"more than {limit} bytes")
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or error
        raise refused("bundle_unreadable", "{file} cannot be read: {reason}", file=path, reason=reason) from error


def arrays_name(manifest: Path, digest: str) -> str:
    """The arrays have their hash in the name, so that an old pair stays whole until the new one is."""
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", manifest.stem)[:100].lstrip(".-") or "model"
    return f"{stem}-{digest[:12]}.npz"


def _seal(manifest: Manifest) -> str:
    return hashlib.sha256(_text(manifest.model_copy(update={"seal": ""})).encode()).hexdigest()


def _text(manifest: Manifest) -> str:
    return json.dumps(manifest.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=1) + "\n"
