"""The engine: recipes, optimizers, schedules, checkpoints, runs."""
