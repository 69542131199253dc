"""The one engine: recipes, optimisers, schedules, checkpoints, runs."""
