"""Reading digits from files of many formats, recognised by their content."""

from byhand.data.formats.recognising import read

__all__ = ["read"]
