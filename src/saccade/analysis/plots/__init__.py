"""Drawing only: tidy frame in, matplotlib Axes or figure out. No numbers, no files, no rcParams."""
