"""Reading a run: by response, as tidy frames, by SQL. Nothing is loaded before it is asked for."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import pandas as pd

from saccade.errors import SaccadeError
from saccade.samples import Rollout, Sample, Trace, signal_column
from saccade.store.files import UNREADABLE, Broken
from saccade.store.images import get_image
from saccade.store.manifest import check_readable, read_manifest
from saccade.store.rows import rollout_of, sample_of, trace_of
from saccade.store.schema import TABLES
from saccade.store.snapshot import Snapshot
from saccade.store.training import log_in
from saccade.store.views import UnansweredError, check_select, literal, quoted

Result = TypeVar("Result")

_ORDER = "(SELECT step, sample_id, index, task, row FROM _rows) o"
_TOKENS = """
SELECT task, sample_id, index, step, response, position, length, token, token_id, correct {signals}
FROM tokens t ORDER BY response, position
"""
_ROLLOUTS = f"""
SELECT task, sample_id, index, step, r.correct {{rewards}}, finish_reason,
       len(response_ids)::INTEGER AS length, text, prompt
FROM rollouts r JOIN {_ORDER} USING (step, sample_id, index)
ORDER BY o.row
"""
_REWARDS = "SELECT DISTINCT unnest(map_keys(rewards)) AS name FROM rollouts ORDER BY name"
_SKIPPED = "SELECT * FROM skipped ORDER BY stage DESC, sample_id, index"


def open_run(path: str | Path) -> "Run":
    """Open a run folder for reading. It may still grow: `refresh` sees what came since."""
    return Run(path)


class Run(Sequence[Trace]):
    """A run as a sequence of traces, ordered by step, then sample, then index.

    Damaged parts are left out and listed in `broken`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._doubted: frozenset[str] = frozenset()
        self.refresh()

    def refresh(self) -> None:
        """Look at the folder again."""
        self.manifest = read_manifest(self.path)
        check_readable(self.path, self.manifest)
        self._snapshot = Snapshot(self.path.resolve(), deep=self._doubted)
        self._last: Sample | None = None

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals measured in this run, by column name."""
        return self._snapshot.signals

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The parts that cannot be read, with reasons."""
        return tuple(self._snapshot.broken)

    def __len__(self) -> int:
        """How many responses."""
        return len(self._rows())

    @overload
    def __getitem__(self, index: int) -> Trace: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trace]: ...
    def __getitem__(self, index: int | slice) -> Trace | list[Trace]:
        """One response with what was measured on it: no signals if it is not probed yet."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.path} has {len(self)} responses; there is no number {index}.")
        place = self._rows().iloc[index]
        probed = isinstance(place["trace_part"], str)
        return trace_of(
            self.sample(place["sample_id"]),
            self.rollout(index),
            self._row(place["trace_part"], place["trace_row"]) if probed else {},
        )

    def __repr__(self) -> str:
        """The path, how much is in it, and what was measured."""
        return f"Run({str(self.path)!r}, {len(self)} responses, signals={list(self.signals)})"

    def samples(self) -> "Samples":
        """The samples in order, each read when it is used."""
        return Samples(self, list(self._sample_places()))

    def sample(self, sample_id: str) -> Sample:
        """One sample by its id. The last one is kept, so that its responses share its images."""
        last = self._last
        if last is None or last.id != sample_id:
            self._last = last = self._sample(sample_id)
        return last

    def _sample(self, sample_id: str) -> Sample:
        places = self._sample_places()
        if sample_id not in places:
            raise SaccadeError(
                f"{self.path} has no sample {sample_id!r}; it has {len(places)}, "
                f"such as {next(iter(places), None)!r}."
            )
        row = {name: value.as_py() for name, value in self._row(*places[sample_id]).items()}
        return sample_of(row, [get_image(self.path / "images", name) for name in row["images"]])

    def rollout(self, index: int) -> Rollout:
        """The response `index` alone, without reading its sample's images."""
        place = self._rows().iloc[index]
        row = self._row(place["rollout_part"], place["rollout_row"])
        return rollout_of({name: value.as_py() for name, value in row.items()})

    def units(self) -> dict[str, list[int]]:
        """The numbers of the responses in each unit of work, units in the run's order.

        Work begins with it, so samples and responses are first read through for damage: what
        stays can be read, by the numbers given here.
        """
        self._found_damage(("samples", "rollouts"))
        units: dict[str, list[int]] = {}
        for index, part in enumerate(self._rows()["rollout_part"]):
            units.setdefault(Path(part).stem, []).append(index)
        return units

    def tokens(self, signals: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per token of every probed response, with all signals or with these.

        `response` is the number of the response in the run: `run[response]` is its trace.
        A signal without its ablation means `blind`: `kl` is the column `kl.blind`.
        """
        names = self.signals if signals is None else [self._signal(name) for name in signals]
        columns = "".join(f", t.{quoted(name)}" for name in dict.fromkeys(names))
        return self._ask(_TOKENS.format(signals=columns))

    def rollouts(self) -> pd.DataFrame:
        """One row per response; every reward is a column `reward.<name>`."""
        columns = "".join(
            f", rewards[{literal(name)}] AS {quoted(f'reward.{name}')}"
            for name in self._ask(_REWARDS)["name"]
        )
        return self._ask(_ROLLOUTS.format(rewards=columns))

    def skipped(self) -> pd.DataFrame:
        """What could not be processed: stage, sample_id, index (missing: all of it), reason."""
        return self._ask(_SKIPPED).astype({"index": "Int32"})

    def training(self) -> pd.DataFrame:
        """The log of the training that wrote this run: step, metric, value; no rows without one."""
        return log_in(self.path)

    def sql(self, query: str) -> pd.DataFrame:
        """One SELECT over the views samples, rollouts, traces, skipped and tokens."""
        check_select(query)
        return self._ask(query)

    def hold(self) -> "Run":
        """Read the tokens once and keep them, until `refresh`, for many questions in SQL; the run.

        A token takes some 50 bytes. Answers are the same either way.
        """
        self._read(lambda now: now.held)
        return self

    def _signal(self, name: str) -> str:
        if column := signal_column(name, self.signals):
            return column
        has = ", ".join(self.signals) or "none: it is not probed yet"
        raise SaccadeError(f"{self.path} has no signal {name!r}; it has {has}.")

    def _rows(self) -> pd.DataFrame:
        return self._read(lambda now: now.rows)

    def _sample_places(self) -> dict[str, tuple[Path, int]]:
        return self._read(lambda now: now.sample_places)

    def _ask(self, query: str) -> pd.DataFrame:
        return self._read(lambda now: now.ask(query))

    def _read(self, get: Callable[[Snapshot], Result]) -> Result:
        """Read; if a part turns out damaged, leave it out and read again."""
        while True:
            try:
                return get(self._snapshot)
            except UnansweredError as error:
                if error.mistake or not self._found_damage():
                    raise

    def _found_damage(self, tables: Iterable[str] = TABLES) -> bool:
        """Read these tables through. If that finds damage, go on without it, now and later."""
        doubted = self._doubted.union(tables)
        checked = Snapshot(self._snapshot.folder, deep=doubted)
        found = checked.parts != self._snapshot.parts
        if found:
            self._snapshot, self._doubted = checked, doubted
        return found

    def _row(self, part: str | Path, number: int) -> dict[str, Any]:
        try:
            return self._snapshot.rows_of.row(Path(part), int(number))
        except UNREADABLE as error:
            raise SaccadeError(f"{part} is damaged: {str(error).splitlines()[0]}.") from error


class Samples(Sequence[Sample]):
    """The samples of a run. A sample and its images are read each time it is asked for."""

    def __init__(self, run: Run, ids: Sequence[str]) -> None:
        self._run = run
        self.ids = tuple(ids)

    def __len__(self) -> int:
        """How many samples."""
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "Samples": ...
    def __getitem__(self, index: int | slice) -> "Sample | Samples":
        """One sample, or a slice of them that is not read yet."""
        if isinstance(index, slice):
            return Samples(self._run, self.ids[index])
        return self._run.sample(self.ids[index])
