"""The one engine: recipes, optimizers, schedules, checkpoints, runs."""
