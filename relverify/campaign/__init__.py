"""The main job: a plan of independent tasks, run by processes, stored, and reported."""
