"""Request bodies as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

_FILE = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["picture"],
        "properties": {"picture": {"type": "string", "format": "binary", "description": "A picture file."}},
    }
}
_FILES: dict[str, Any] = {
    "image/png": _FILE,
    "image/jpeg": _FILE,
    "image/webp": _FILE,
    "application/octet-stream": _FILE,
    "multipart/form-data": _FORM,
}
# A stroke down the middle: a one.
ONE = [230 if 12 <= place % 28 <= 15 and 4 <= place // 28 <= 23 else 0 for place in range(784)]
_PIXELS: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["pixels"],
        "additionalProperties": False,
        "properties": {
            "pixels": {
                "type": "array",
                "minItems": 784,
                "maxItems": 784,
                "items": {"type": "integer", "minimum": 0, "maximum": 255},
                "description": "28x28 pixels, row by row, ink light on dark.",
            }
        },
    },
    "example": {"pixels": ONE},
}

PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A picture file (PNG, JPEG, WebP, TIFF, BMP or GIF), as it is or as the field `picture` of a "
        "form; at most 10 MB and 40 million pixels.",
        "content": _FILES,
    }
}
INK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "What networks read, as numbers or as a picture file of 28x28 pixels.",
        "content": {"application/json": _PIXELS} | _FILES,
    }
}
