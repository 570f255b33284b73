"""Credit rules: which tokens of a response an advantage goes to. Pure functions, no framework."""

from saccade.trainers.credit.spread import effective_share, percentiles, spread
from saccade.trainers.credit.table import RULES, Rule
from saccade.trainers.credit.weighing import credit

__all__ = ["RULES", "Rule", "credit", "effective_share", "percentiles", "spread"]
