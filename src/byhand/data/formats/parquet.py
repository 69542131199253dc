"""Parquet as on the Hugging Face hub: a column ``image`` of PNG bytes and a column ``label``. Needs pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.arrays import as_labels
from byhand.data.formats.limits import MOST_IMAGE_BYTES, check_bytes, check_count, is_test, parsing
from byhand.data.formats.pictures import decode
from byhand.errors import ByhandError

ROWS = 256  # decoded at a time


def read_files(paths: Sequence[Path]) -> Dataset:
    """Read the shards of a dataset, in the order of their names; those called ``test...`` are the test set."""
    parts = [[path for path in sorted(paths) if is_test(path) == wanted] for wanted in (False, True)]
    return Dataset(*(_part(part) for part in parts if part))


def _part(paths: Sequence[Path]) -> Digits:
    where = str(paths[0] if len(paths) == 1 else paths[0].parent)
    shards = [_shard(path) for path in paths]
    check_count(sum(len(images) for images, _ in shards), where)
    labels = [labels for _, labels in shards if labels is not None]
    if labels and len(labels) < len(shards):
        raise ByhandError(
            f"{where} has labels in some shards only; expected them in all or none.", code="data.mixed_labels"
        )
    images = np.concatenate([images for images, _ in shards])
    return Digits(images, np.concatenate(labels) if labels else None, where, where)


def _shard(path: Path) -> tuple[Bytes, Bytes | None]:
    try:
        from pyarrow import parquet
    except ImportError as problem:
        raise ByhandError(
            f"{path} is a Parquet file, and pyarrow is not installed; run pip install 'byhand[parquet]', or use "
            "another format.",
            code="data.needs_pyarrow",
        ) from problem
    with parsing(path, "a Parquet file"), parquet.ParquetFile(path) as file:
        columns = [name for name in ("image", "label") if name in file.schema_arrow.names]
        if "image" not in columns:
            raise ByhandError(
                f"{path} has the columns {', '.join(file.schema_arrow.names[:8])}; expected image and label, as on the "
                "Hugging Face hub.",
                code="data.wrong_columns",
            )
        rows = file.metadata.num_rows
        check_count(rows, str(path))
        groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
        check_bytes(sum(group.total_byte_size for group in groups), str(path))
        images = np.empty((rows, SIDE, SIDE), np.uint8)
        labels = np.empty(rows, np.int64)
        row = 0
        for batch in file.iter_batches(batch_size=ROWS, columns=columns):
            for picture in _pictures(batch.column("image")):
                images[row] = decode(picture, f"row {row} of {path}")
                row += 1
            if "label" in columns:
                labels[row - len(batch) : row] = batch.column("label").to_numpy(zero_copy_only=False)
    return images, as_labels(labels, f"the column label of {path}") if "label" in columns else None


def _pictures(column: Any) -> list[bytes]:
    """Return the PNG bytes of each row, from a struct with a field ``bytes`` or a plain binary column."""
    from pyarrow import compute, types

    data = column.field("bytes") if types.is_struct(column.type) else column
    if not (types.is_binary(data.type) or types.is_large_binary(data.type)):
        raise ByhandError(
            f"The column image has the type {column.type}; expected a struct with PNG bytes.",
            code="data.bad_type",
        )
    # A dictionary encoding can repeat one large value in every row, so check the length before copying.
    longest = compute.max(compute.binary_length(data)).as_py()
    if data.null_count or longest > MOST_IMAGE_BYTES:
        raise ByhandError(
            f"The column image has empty rows or values of more than {MOST_IMAGE_BYTES:,} bytes; expected the PNG "
            "bytes of an image of 28x28 pixels in each row.",
            code="data.bad_images",
        )
    pictures: list[bytes] = data.to_pylist()
    return pictures
