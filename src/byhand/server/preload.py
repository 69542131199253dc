"""Imported by the process from which the reading processes are forked: they share its libraries and its reader."""

from byhand.server import worker

worker.prepare()
