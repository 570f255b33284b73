"""What is compared of a question: its accuracy, its length, the mean of each signal.

A run is judged at its last step. Accuracy and length are those of all responses, also of one that
is empty or could not be probed; a table of tokens knows the probed ones alone.
"""

import pandas as pd

from saccade.analysis.accuracy import QUESTION
from saccade.analysis.measured import exact
from saccade.analysis.progress import responses_of
from saccade.analysis.sources import clustered
from saccade.store import Source, ask
from saccade.store.views import quoted

ACCURACY, LENGTH = "accuracy", "length"
MEASURES = (ACCURACY, LENGTH)
"""What every run has, whatever signals were measured in it."""


def question_means(source: Source, signals: list[str], *, half: int | None = None) -> pd.DataFrame:
    """Per (task, sample_id) at the last step: share correct, mean length, mean signals.

    A signal's mean is over the question's tokens, pooled. With the `cluster` of each question, by
    its images. `half` takes the responses with an even (0) or an odd (1) index alone.
    """
    responses = responses_of(source)
    kept = f"WHERE step = (SELECT max(step) FROM {responses})"
    kept += "" if half is None else f" AND index % 2 = {half}"
    means = "".join(f", avg({exact(name)}) AS {quoted(name)}" for name in signals)
    query = f"""
        SELECT * FROM (
            SELECT task, sample_id, avg(correct::INT) AS {ACCURACY}, avg(length) AS {LENGTH}
            FROM {responses} {kept} GROUP BY task, sample_id
        ) LEFT JOIN (
            SELECT task, sample_id {means} FROM tokens {kept} GROUP BY task, sample_id
        ) USING (task, sample_id) ORDER BY task, sample_id
    """
    table = ask(source, query).astype(dict.fromkeys([*MEASURES, *signals], "float64"))
    return with_cluster(table, source).set_index(QUESTION)


def with_cluster(questions: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Rows of questions with their `cluster`; one of its own for each that shares no image."""
    known = clustered(questions, source)
    return known if "cluster" in known else known.assign(cluster=known["sample_id"])
