"""The explorer of trajectories. Its first view comes with a later version; nothing is here yet."""
