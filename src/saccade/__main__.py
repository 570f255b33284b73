"""`python -m saccade`: the same as `saccade`, for launchers that start modules."""

from saccade.cli import main

main(prog_name="saccade")
