"""Two tiny models' tables of tokens on the same responses, with known changes planted."""

import numpy as np
import pandas as pd
from frames import make_run

SIGNALS = ["logprob", "kl.blind"]


def pair(*, questions: int = 20, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Before and after: " red" gains 1 of kl.blind, correct responses 0.5 of logprob."""
    before = make_run(questions=questions, n=4, seed=seed).tokens()
    before = before.drop(columns=["entropy", "visual_similarity", "hidden_shift.blind", "k3.blind"])
    before.loc[before["sample_id"].str[1:].astype(int) % 2 == 1, "task"] = "lab/puzzle"
    rng = np.random.default_rng(seed + 1)
    after = before.copy()
    after["kl.blind"] += (after["token"] == " red") + rng.normal(0, 0.1, len(after))
    after["logprob"] += 0.5 * after["correct"].astype(float) + rng.normal(0, 0.1, len(after))
    return before, after.astype(dict.fromkeys(SIGNALS, np.float32))
