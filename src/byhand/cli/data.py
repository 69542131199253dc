"""List the datasets, show one, import your own digits, or download MNIST."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from byhand.cli.parser import output_file
from byhand.data import cache, contact_sheet, fetching, loading, read, split
from byhand.data.cache import REMOTE
from byhand.data.digits import Dataset
from byhand.errors import ByhandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``byhand data``."""
    actions = parser.add_subparsers(dest="action", metavar="{show,import,fetch}", help="without one: list the datasets")
    show = actions.add_parser("show", help="draw a contact sheet and print one digit as an array", allow_abbrev=False)
    show.add_argument("--data", default="auto", metavar="NAME|PATH", help="a dataset or a file of digits (%(default)s)")
    show.add_argument("--index", type=int, default=0, metavar="I", help="the training digit to print (%(default)s)")
    show.add_argument(
        "--out", type=output_file, default=Path("sheet.png"), metavar="PNG", help="the sheet (%(default)s)"
    )
    show.add_argument("--offline", action="store_true", help="download nothing")
    store = actions.add_parser("import", help="store digits of any format in the cache", allow_abbrev=False)
    store.add_argument("path", type=Path, metavar="PATH", help="a file or folder of digits")
    store.add_argument("--name", help="the name for `--data` (the file's name)")
    fetch = actions.add_parser("fetch", help="download a dataset into the cache", allow_abbrev=False)
    fetch.add_argument("name", choices=sorted(REMOTE), metavar="NAME", help=", ".join(sorted(REMOTE)))
    fetch.add_argument("--offline", action="store_true", help="only verify the cache")


def run(arguments: argparse.Namespace) -> int:
    """Run ``byhand data``."""
    if arguments.action == "show":
        _show(arguments)
    elif arguments.action == "import":
        _import(arguments)
    elif arguments.action == "fetch":
        folder, source = fetching.fetch(arguments.name, offline=arguments.offline)
        print(f"{arguments.name}: {source}, verified, in {folder}")
    else:
        _list()
    return 0


def _list() -> None:
    given = _given()
    rows = [("auto", f"{given[0]}, {given[1]}" if given else "as mnist; if not available, as digits")]
    for name, remote in REMOTE.items():
        if given and given[0] == name:
            where = given[1]
        elif folder := fetching.cached(name):
            where = f"cached in {folder}"
        else:
            hosts = ", ".join(str(urlsplit(mirror).hostname) for mirror in remote.mirrors)
            megabytes = sum(file.size for file in remote.files) / 1e6
            where = f"not cached; would be downloaded ({megabytes:.1f} MB) from {hosts}"
        rows.append((name, where))
    rows.append(("digits", "embedded in scikit-learn, 1,797 digits"))
    rows += [(name, f"imported, in {cache.imported(name)}") for name in cache.imported_names()]
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {where}" for name, where in rows))


def _given() -> tuple[str, str] | None:
    """The name and description of the digits in ``BYHAND_DATA``; the list is printed even if they cannot be read."""
    try:
        given = loading.from_environment()
    except ByhandError as problem:
        return "unreadable", f"BYHAND_DATA: {problem}"
    return None if given is None else (given.train.name, f"BYHAND_DATA ({_sizes(given)})")


def _show(arguments: argparse.Namespace) -> None:
    dataset = loading.load_dataset(arguments.data, offline=arguments.offline)
    train = dataset.train
    if not 0 <= arguments.index < len(train):
        raise ByhandError(
            f"--index {arguments.index} is out of range; expected 0 to {len(train) - 1} for {train.name}.",
            code="data.index_out_of_range",
        )
    contact_sheet.write(train, arguments.out)
    image, labels = train.images[arguments.index], train.labels
    print(f"{train.name}: {_sizes(dataset)}, {train.source}; contact sheet in {arguments.out}")
    print(f"digit {arguments.index}" + ("" if labels is None else f", labelled {labels[arguments.index]}") + ":")
    print(contact_sheet.as_text(image, shutil.get_terminal_size().columns))


def _import(arguments: argparse.Namespace) -> None:
    dataset = read(arguments.path)
    if all(part.labels is not None for part in dataset):
        try:
            split(dataset)
        except ByhandError as problem:
            raise ByhandError(
                f"{arguments.path} contains {_sizes(dataset)}, too few to train, validate and test a network; expected "
                "at least 10. Name the file itself in `byhand evaluate` and `predict`.",
                code="data.too_few",
            ) from problem
    name = arguments.name or dataset.train.name.lower().replace(" ", "_")
    cache.store(dataset, name)
    print(f"{name}: {_sizes(dataset)} imported; use them with --data {name}")


def _sizes(dataset: Dataset) -> str:
    train = f"{len(dataset.train):,} digits"
    return train if dataset.test is None else f"{train} to train and {len(dataset.test):,} to test"
