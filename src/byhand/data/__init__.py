"""Digits: from files of any format to training, validation and test."""

from byhand.data.digits import Dataset, Digits
from byhand.data.fetching import fetch
from byhand.data.formats import read
from byhand.data.loading import load_dataset, load_digits
from byhand.data.splits import Splits, parse_split, split

__all__ = ["Dataset", "Digits", "Splits", "fetch", "load_dataset", "load_digits", "parse_split", "read", "split"]
