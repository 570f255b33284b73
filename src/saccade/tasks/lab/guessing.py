"""What a blind guesser reaches: the accuracy that a task gives away without its pictures.

The guesser has read the answers to many training questions and gives, to each question, the answer
that would have scored best on the training questions worded the same way (or on all of them, where
few are). The more it reads, the closer it comes to the best that the question alone allows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from saccade.samples import Sample
from saccade.scoring import REWARDS
from saccade.tasks.lab import LabTask, respond

READ = 6000
"""Training questions read: each of the 120 wordings of the few-shot task some fifty times."""
CANDIDATES = 40
"""Answers weighed per wording; for boxes a spread of them, for words always all there are."""


def blind_accuracy(task: LabTask) -> float:
    """The guesser's accuracy on this task."""
    train = LabTask(task.name, "train", task.level, task.seed, READ)
    known: dict[str, list[str]] = defaultdict(list)
    for index in range(READ):
        problem = train.problem(index)
        known[problem.question].append(problem.answer)
    everything = [answer for answers in known.values() for answer in answers]
    scorer = task.problem(0).scorer

    @cache
    def guess(question: str) -> str:
        answers = known[question] if len(known[question]) >= 20 else everything
        return best_answer(answers, scorer)

    problems = [task.problem(index) for index in range(len(task))]
    hits = [_correct(p.answer, scorer, guess(p.question)) for p in problems]
    return sum(hits) / len(hits)


def best_answer(answers: Sequence[str], scorer: str) -> str:
    """The answer that is correct most often if the gold answers are these."""
    candidates = list(dict.fromkeys(answers))
    candidates = candidates[:: max(1, len(candidates) // CANDIDATES)]
    golds = answers[:: max(1, len(answers) // 200)]
    return max(candidates, key=lambda c: sum(_correct(gold, scorer, c) for gold in golds))


def _correct(gold: str, scorer: str, answer: str) -> bool:
    reward = REWARDS[scorer]
    return reward.function(replace(_EMPTY, answer=gold), respond("", answer)) >= reward.correct_from


_EMPTY = Sample(id="guess", question="", images=(), answer="", task="lab")
