"""Parquet as on the Hugging Face hub: a column ``image`` of PNG bytes and a column ``label``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from byhand.data.digits import SIDE, Bytes, Dataset, Digits
from byhand.data.formats.arrays import as_labels
from byhand.data.formats.limits import MOST_PICTURE_BYTES, check_bytes, check_count, is_test, parsing
from byhand.data.formats.pictures import decode
from byhand.errors import ByhandError

ROWS = 256  # decoded at a time


def read_files(paths: Sequence[Path], name: str, source: str) -> Dataset:
    """Read the shards of a dataset.

    Parameters
    ----------
    paths
        Parquet files; those called ``test...`` hold the test part.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        The digits in the order of the paths' names; unlabelled without a column ``label``.

    Raises
    ------
    ByhandError
        If a file is damaged, or has other columns.
    """
    parts = [[path for path in sorted(paths) if is_test(path) == wanted] for wanted in (False, True)]
    return Dataset(*(_part(part, name, source) for part in parts if part))


def _part(paths: Sequence[Path], name: str, source: str) -> Digits:
    shards = [_shard(path) for path in paths]
    check_count(sum(len(images) for images, _ in shards), name)
    labels = [labels for _, labels in shards if labels is not None]
    if labels and len(labels) < len(shards):
        raise ByhandError(f"{name} has labels in some shards only, expected them in all or none; complete the shards.")
    return Digits(
        np.concatenate([images for images, _ in shards]), np.concatenate(labels) if labels else None, name, source
    )


def _shard(path: Path) -> tuple[Bytes, Bytes | None]:
    with parsing(path, "a Parquet file"):
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            columns = [name for name in ("image", "label") if name in file.schema_arrow.names]
            if "image" not in columns:
                raise ByhandError(
                    f"{path} has the columns {', '.join(file.schema_arrow.names[:8])}, expected image and label; "
                    "export it as on the Hugging Face hub."
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
    """Give the PNG bytes of each row, of a struct with a field ``bytes`` or of a plain binary column."""
    from pyarrow import compute, types

    data = column.field("bytes") if types.is_struct(column.type) else column
    if not (types.is_binary(data.type) or types.is_large_binary(data.type)):
        raise ByhandError(
            f"the column image is of type {column.type}, expected a struct with PNG bytes; "
            "export it as on the Hugging Face hub."
        )
    # A dictionary can repeat one large value in every row; its length shows before it is copied.
    longest = compute.max(compute.binary_length(data)).as_py()
    if data.null_count or longest > MOST_PICTURE_BYTES:
        raise ByhandError(
            "the column image holds empty rows or far more than a picture of 28x28 pixels, expected PNG bytes in "
            "each row; export it as on the Hugging Face hub."
        )
    pictures: list[bytes] = data.to_pylist()
    return pictures
