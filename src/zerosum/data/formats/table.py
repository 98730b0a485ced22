"""Parquet files with a column of encoded pictures, as Hugging Face writes them; needs the extra `parquet`."""

import io
import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ...core import UsageError, ZerosumError, unknown
from ..facts import Facts
from ..source import SPLITS, Files, Source
from .head import head_of

if TYPE_CHECKING:
    import pyarrow as pa

MOST_VALUES = 1024                           # a column of more distinct values is no class
LABELS = ("label", "labels", "fine_label", "class", "target")
CAPTIONS = ("text", "caption", "captions", "prompt")


def recognises(path: Path) -> bool:
    """A parquet file, or a folder that holds some."""
    return bool(_files(path)) if path.is_dir() else head_of(path, 4) == b"PAR1"


def read(path: Path, label: str) -> Source:
    """Pictures with every column that can be a class as an attribute; `label` names the one that is the class."""
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise UsageError(f"{path} is parquet, which needs an extra: pip install 'zerosum[parquet]'") from None
    import pyarrow as pa

    files = _files(path) if path.is_dir() else [path]
    files.sort(key=lambda file: (_split(file) != "train", file.name))
    try:
        tables = [pq.ParquetFile(file) for file in files]
        schema = tables[0].schema_arrow
        image = _image_column(schema, path)
        others = [field.name for field in schema if field.name != image and _is_plain(field.type)]
        rest = pa.concat_tables([table.read(columns=others) for table in tables])
    except (pa.ArrowException, OSError) as error:
        raise ZerosumError(f"{path} is damaged, or its files differ ({str(error).splitlines()[0]}): "
                           "fetch it again") from None
    parts: dict[str, int] = {}
    for file, table in zip(files, tables, strict=True):
        parts[_split(file)] = parts.get(_split(file), 0) + table.metadata.num_rows
    return Source(str(path), "parquet", _pictures(files, tables, image), _facts(rest, schema, label, path), parts)


def _files(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.iterdir() if file.suffix == ".parquet" and not file.name.startswith("."))
    return found or sorted(file for file in (folder / "data").glob("*.parquet") if file.is_file())


def _split(file: Path) -> str:
    return SPLITS.get(file.name.replace(".", "-").split("-")[0].lower(), "train")


def _image_column(schema: "pa.Schema", path: Path) -> str:
    import pyarrow as pa

    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind):
            kind = next((kind.field(i).type for i in range(kind.num_fields) if kind.field(i).name == "bytes"), kind)
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return field.name
    raise UsageError(f"{path} has no column of encoded pictures (it has {', '.join(schema.names)}): "
                     "store each as the bytes of a PNG or JPEG file")


def _is_plain(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return any(test(kind) for test in (pa.types.is_integer, pa.types.is_boolean, pa.types.is_string,
                                       pa.types.is_large_string))


def _pictures(files: list[Path], tables: list, image: str) -> Files:
    """Open pictures by number; the row group of the last one is kept, since they are read in order."""
    groups = [(t, g) for t, table in enumerate(tables) for g in range(table.num_row_groups)]
    counts = [tables[t].metadata.row_group(g).num_rows for t, g in groups]
    starts = np.concatenate([[0], np.cumsum(counts)])
    names = [f"{files[t].name}[{row}]" for t, table in enumerate(tables) for row in range(table.metadata.num_rows)]
    lock = threading.Lock()

    @lru_cache(maxsize=2)
    def column(group: int) -> Any:
        table, number = groups[group]
        return tables[table].read_row_group(number, columns=[image]).column(0)

    def open_row(row: int) -> BinaryIO:
        group = int(np.searchsorted(starts, row, "right")) - 1
        with lock:
            try:
                value = column(group)[row - int(starts[group])].as_py()
            except Exception as error:       # Arrow's errors are many, and not all are OSError
                raise OSError(f"damaged inside the parquet file: {str(error).splitlines()[0]}") from None
        value = value.get("bytes") if isinstance(value, dict) else value
        return io.BytesIO(value or b"")

    return Files(names, open_row)


def _facts(rest: "pa.Table", schema: "pa.Schema", label: str, path: Path) -> Facts:
    caption = next((name for name in CAPTIONS if name in rest.column_names), None)
    given = _class_names(schema)
    factors: dict[str, tuple[str, ...]] = {}
    columns = []
    for name in rest.column_names:
        if name == caption:
            continue
        coded = _coded(rest.column(name), given.get(name, []), name == label or name in LABELS)
        if coded is not None:
            columns.append(coded[0])
            factors[name] = coded[1]
    if label and label not in factors:
        raise unknown(f"column for the class in {path}:", label, factors)
    attributes = np.stack(columns, 1) if columns else None
    facts = Facts(attributes=attributes, factors=factors,
                  captions=[text or "" for text in rest.column(caption).to_pylist()] if caption else None)
    chosen = label or next((name for name in LABELS if name in factors), "")
    return facts.classed_by(chosen, str(path))


def _class_names(schema: "pa.Schema") -> dict[str, list[str]]:
    """The names that Hugging Face's metadata gives to the values of a column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: feature["names"] for name, feature in features.items()
                if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"}
    except (KeyError, ValueError, TypeError):
        return {}


def _coded(column: Any, names: list[str], is_class: bool) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """A column as numbers with the names of its values; None where it has gaps or too many values to be a class."""
    if column.null_count or not len(column):
        return None
    values = np.asarray(column.to_pylist())
    if names and values.dtype.kind in "iu" and 0 <= values.min() <= values.max() < len(names):
        return values.astype(np.int64), tuple(names)
    found, numbers = np.unique(values, return_inverse=True)
    if not is_class and (len(found) > MOST_VALUES or len(found) == len(values)):
        return None
    return numbers.astype(np.int64), tuple(str(value) for value in found)
