"""The one way to measure: fast where a prompt can be shared by its responses, plain elsewhere."""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor

from saccade.models import VLM
from saccade.probes import engine, plain
from saccade.probes.draws import NOBODY, Asked
from saccade.probes.prefix import shares_prefix
from saccade.probes.settings import Probing
from saccade.samples import Sample


def measure(
    vlm: VLM, asked: Sequence[Asked], settings: Probing, *, samples: Mapping[str, Sample] = NOBODY
) -> list[dict[str, Float[Tensor, " time"]]]:
    """Every signal of every response, by column name; without an image, no visual ones.

    `samples` are those whose images may be swapped in.
    """
    if shares_prefix(vlm):
        return engine.measure(vlm, asked, settings, samples=samples)
    return plain.measure(vlm, asked, settings, samples=samples)
