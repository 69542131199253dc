"""What a network is: layer descriptions, shapes and parameter counts. No arithmetic."""
