"""What is compared of a question: its accuracy, its length, the mean of each signal."""

import pandas as pd

from saccade.analysis.accuracy import QUESTION
from saccade.analysis.measured import exact
from saccade.analysis.sources import clustered
from saccade.store import Source, ask
from saccade.store.views import quoted

ACCURACY, LENGTH = "accuracy", "length"
MEASURES = (ACCURACY, LENGTH)
"""What every run has, whatever signals were measured in it."""


def question_means(source: Source, signals: list[str]) -> pd.DataFrame:
    """Per (task, sample_id) of the probed responses: share correct, mean length, mean signals.

    A signal's mean is over the question's tokens, pooled. With the `cluster` of each question, by
    its images.
    """
    means = "".join(f", avg({exact(name)}) AS {quoted(name)}" for name in signals)
    query = f"""
        SELECT task, sample_id, avg(correct::INT) FILTER (position = 0) AS {ACCURACY},
               avg(length) FILTER (position = 0) AS {LENGTH} {means}
        FROM tokens GROUP BY task, sample_id ORDER BY task, sample_id
    """
    table = ask(source, query).astype(dict.fromkeys([*MEASURES, *signals], "float64"))
    return with_cluster(table, source).set_index(QUESTION)


def with_cluster(questions: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Rows of questions with their `cluster`; one of its own for each that shares no image."""
    known = clustered(questions, source)
    return known if "cluster" in known else known.assign(cluster=known["sample_id"])
