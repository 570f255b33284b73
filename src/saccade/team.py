"""Several processes at one run: which of them this is, and where it waits for the others.

torchrun and `accelerate launch` tell each process its place through the environment. The processes
meet over gloo, on the CPU, whatever they compute on. Nothing loads torch before they do.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from typing import Any, TypeVar

from saccade.errors import SaccadeError

T = TypeVar("T")

PLACE = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
"""What launchers set; who lacks one of them was not launched together with others."""


@dataclass(frozen=True)
class Team:
    """The processes that do one run together, as one of them sees it."""

    rank: int = 0
    """Which of them this is, from 0."""
    size: int = 1
    local_rank: int = 0
    """Which of those on its machine, from 0."""

    @classmethod
    def here(cls) -> "Team":
        """The team that this process was launched in; most are alone."""
        told = [os.environ.get(name, "") for name in PLACE]
        return cls(*map(int, told)) if all(text.isdecimal() for text in told) else cls()

    @property
    def alone(self) -> bool:
        """Whether there is nobody to wait for."""
        return self.size == 1

    @property
    def first(self) -> bool:
        """Whether this is the one that begins, checks and speaks for all."""
        return self.rank == 0

    def __str__(self) -> str:
        """As launchers name a process: `rank 1 of 2`."""
        return f"rank {self.rank} of {self.size}"

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This process's part of what all of them see; like cards, dealt out one by one."""
        self.wait(seeing=repr(items))
        return items[self.rank :: self.size]

    def wait(self, *, seeing: str = "") -> None:
        """Go on when all processes are here and see the same."""
        if self.alone:
            return
        try:
            seen = _gathered(seeing, self.size)
        except RuntimeError as error:  # gloo's word for a connection that broke off
            raise SaccadeError(
                "all processes of a run must last until it is done, but one has ended; its own"
                " message says why. Run the same command again: it goes on where it was."
            ) from error
        if len(seen) > 1:
            raise SaccadeError(
                "all processes of a run must see the same folder, but they find different work"
                " left in it. Give every machine the same folder and run the same command again."
            )


def _gathered(seeing: str, size: int) -> set[int]:
    """What all processes see, each as a number; returns when all have said it."""
    import torch
    from torch import distributed

    digest = blake2b(seeing.encode("utf-8", "replace"), digest_size=7).digest()
    said = [torch.zeros(1, dtype=torch.int64) for _ in range(size)]
    distributed.all_gather(said, torch.tensor([int.from_bytes(digest)]), group=_group())
    return {int(number) for number in said}


@cache
def _group() -> Any:
    """All processes, with the patience to wait for hours of work."""
    from torch import distributed

    if not distributed.is_initialized():
        distributed.init_process_group("gloo")
    return distributed.new_group(backend="gloo", timeout=timedelta(days=365))
