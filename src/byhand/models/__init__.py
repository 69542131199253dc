"""Descriptions of networks: layers, shapes and parameter counts. No arithmetic."""
