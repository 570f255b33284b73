"""Signals: one number per response token, as pure functions of tensors. No model, no files.

Notation is the papers': `p_t` predicts response token `o_t` and is made one position before it;
`h_{l,t}` is the hidden state after reading `o_t`, at its own position; a prime marks the pass
without the image. States follow the `hidden_states` of transformers: L+1 of them, the embeddings
first (image features merged in), the last after the final norm. Where a model adds image features
to the image tokens after a layer as well (Qwen3-VL's first layers), state l is still what layer l
itself gave, and what was added shows from state l+1 on. Whatever the model's dtype, sums run in
float32.

Each signal is described in `signal_table.SIGNALS`; the variant `hidden_shift.l2` is called
`hidden_shift_l2` here. `nearness_*` is what a similarity is the mean of: every token against every
image token.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

K3_D_BOUND = 20.0
K3_BOUND = 10.0


def logprob(
    logits: Float[Tensor, "*batch time vocab"], token_ids: Int[Tensor, "*batch time"]
) -> Float[Tensor, "*batch time"]:
    """How likely the model found each token it spoke: log p_t(o_t) in nats, at temperature 1."""
    return logits.float().log_softmax(-1).gather(-1, token_ids[..., None].long())[..., 0]


def entropy(
    logits: Float[Tensor, "*batch time vocab"], temperature: float = 1.0
) -> Float[Tensor, "*batch time"]:
    """How undecided the model was: -Σ_v p_t(v) log p_t(v) in nats, over the full vocabulary.

    `temperature` is that of sampling: p_t = softmax(logits / temperature). See arXiv 2506.01939 and
    PEPO, arXiv 2603.22847. A coin toss is log 2 at any temperature:

    >>> entropy(torch.tensor([[3.0, 3.0]]), temperature=0.5)
    tensor([0.6931])
    """
    logp = (logits.float() / temperature).log_softmax(-1)
    return -(logp.exp() * logp).sum(-1)


def visual_similarity(
    states: Float[Tensor, "layers time dim"],
    image_states: Float[Tensor, "layers patches dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """How near a token lies to the image: mean_{l,n} cos(h_{l,t}, v_{l,n}), from -1 to 1.

    Over all L+1 states, as in the code of PEPO (arXiv 2603.22847), or those in `layers`. The mean
    over image tokens moves inside the dot product, mean_n cos(h, v_n) = ĥ · mean_n v̂_n, so the
    (time, patches) matrix is never built.
    """
    return visual_similarity_dot(unit(_pick(states, layers)), unit(_pick(image_states, layers)))


def visual_similarity_dot(
    states: Float[Tensor, "layers time dim"],
    image_states: Float[Tensor, "layers patches dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """The similarity without its norms: mean_{l,n} h_{l,t} · v_{l,n}. Long states rule it."""
    spoken, seen = _pick(states, layers), _pick(image_states, layers)
    return (spoken * seen.mean(1, keepdim=True)).sum(-1).mean(0)


def visual_similarity_l2(
    states: Float[Tensor, "layers time dim"],
    image_states: Float[Tensor, "layers patches dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """The Euclidean distance, negated, so that more is nearer: -mean_{l,n} ‖h_{l,t} - v_{l,n}‖₂."""
    return nearness_l2(_pick(states, layers), _pick(image_states, layers)).mean(-1).mean(0)


def visual_similarity_l1(
    states: Float[Tensor, "layers time dim"],
    image_states: Float[Tensor, "layers patches dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """The distance along the axes, negated: -mean_{l,n} ‖h_{l,t} - v_{l,n}‖₁."""
    return nearness_l1(_pick(states, layers), _pick(image_states, layers)).mean(-1).mean(0)


def unit(states: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """States at length 1, in float32."""
    return normalize(states.float(), dim=-1)


def nearness_cosine(
    h: Float[Tensor, "*layers time dim"], v: Float[Tensor, "*layers patches dim"]
) -> Float[Tensor, "*layers time patches"]:
    """cos(h_t, v_n) of every token and image token."""
    return unit(h) @ unit(v).mT


def nearness_dot(
    h: Float[Tensor, "*layers time dim"], v: Float[Tensor, "*layers patches dim"]
) -> Float[Tensor, "*layers time patches"]:
    """h_t · v_n of every token and image token."""
    return h @ v.mT


def nearness_l2(
    h: Float[Tensor, "*layers time dim"], v: Float[Tensor, "*layers patches dim"]
) -> Float[Tensor, "*layers time patches"]:
    """-‖h_t - v_n‖₂; through differences, since a product of matrices would lose digits."""
    return -torch.cdist(h, v, p=2.0, compute_mode="donot_use_mm_for_euclid_dist")


def nearness_l1(
    h: Float[Tensor, "*layers time dim"], v: Float[Tensor, "*layers patches dim"]
) -> Float[Tensor, "*layers time patches"]:
    """-‖h_t - v_n‖₁ of every token and image token."""
    return -torch.cdist(h, v, p=1.0)


def hidden_shift(
    states: Float[Tensor, "layers time dim"],
    ablated_states: Float[Tensor, "layers time dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """How far the image moves it: mean_l ‖h_{l,t} - h'_{l,t}‖₂ / ‖h_{l,t}‖₂.

    A share of the state's length. After PEPO (arXiv 2603.22847), whose formula is not public.
    Relative, because raw distances are ruled by the last layers, whose states are longest. The
    embeddings are among the L+1 states and never move: leave 0 out of `layers` to drop that zero.
    """
    seen, ablated = _pick(states, layers), _pick(ablated_states, layers)
    length = seen.norm(dim=-1).clamp_min(torch.finfo(torch.float32).tiny)
    shift: Tensor = (seen - ablated).norm(dim=-1) / length
    return shift.mean(0)


def hidden_shift_l2(
    states: Float[Tensor, "layers time dim"],
    ablated_states: Float[Tensor, "layers time dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """The raw distance, mean_l ‖h_{l,t} - h'_{l,t}‖₂: states grow with depth, and it with them."""
    distance: Tensor = (_pick(states, layers) - _pick(ablated_states, layers)).norm(dim=-1)
    return distance.mean(0)


def hidden_shift_cosine(
    states: Float[Tensor, "layers time dim"],
    ablated_states: Float[Tensor, "layers time dim"],
    layers: Sequence[int] | None = None,
) -> Float[Tensor, " time"]:
    """The turn alone, whatever the length: mean_l 1 - cos(h_{l,t}, h'_{l,t}).

    Worked out as half the squared distance of the unit states, in which nothing cancels.
    """
    turn = unit(_pick(states, layers)) - unit(_pick(ablated_states, layers))
    return turn.square().sum(-1).mean(0) / 2


def kl(
    logits: Float[Tensor, "*batch time vocab"],
    ablated_logits: Float[Tensor, "*batch time vocab"],
    temperature: float = 1.0,
) -> Float[Tensor, "*batch time"]:
    """How much p_t owes to the image: KL(p_t ‖ p'_t) = Σ_v p_t(v) log(p_t(v) / p'_t(v)).

    In nats, over the full vocabulary, both at `temperature`. With the `blind` ablation this is the
    token visual dependency of PGPO (arXiv 2604.01840), with blackened patches that of VPPO (arXiv
    2510.09285). Rounding can leave equal distributions a hair below zero; those are zero.
    """
    logp = (logits.float() / temperature).log_softmax(-1)
    ablated = (ablated_logits.float() / temperature).log_softmax(-1)
    return (logp.exp() * (logp - ablated)).sum(-1).clamp_min(0)


def k3(
    logprobs: Float[Tensor, "*batch time"], ablated_logprobs: Float[Tensor, "*batch time"]
) -> Float[Tensor, "*batch time"]:
    """Guess `kl` from the token spoken: exp(d) - d - 1, d = log p'_t(o_t) - log p_t(o_t), in nats.

    The implementations of VPPO, PAPO and PGPO use this. Without bias on the model's own samples,
    but noisier than `kl`, and it also fires where the image made the token *less* likely. As
    there, d is clamped to ±20 and the value to [0, 10].

    >>> k3(torch.tensor([-1.2, -0.5]), torch.tensor([-3.2, -0.9]))
    tensor([1.1353, 0.0703])
    """
    d = (ablated_logprobs.float() - logprobs.float()).clamp(-K3_D_BOUND, K3_D_BOUND)
    return (d.expm1() - d).clamp(0, K3_BOUND)


def _pick(
    states: Float[Tensor, "layers tokens dim"], layers: Sequence[int] | None
) -> Float[Tensor, "picked tokens dim"]:
    """The chosen layers' states, in float32; all of them when none are chosen."""
    return (states if layers is None else states[list(layers)]).float()
