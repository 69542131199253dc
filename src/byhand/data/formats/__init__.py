"""Reading digits from files of many formats, recognized by their content."""

from byhand.data.formats.detection import read

__all__ = ["read"]
