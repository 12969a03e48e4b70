"""PyTorch on the step that is suggested for small pictures: a stem of convolutions, the contrast of two crops, the masked prediction on one
crop of eight, Muon beside AdamW. Written from the papers, with what PyTorch has of its own for each.

Answers one command per line (`step`, `compiled`) with one line of JSON; see ../peer.ts. Arguments: threads, side of the crops: 32 px, or
16 px, which are seen whole and without the masked prediction.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from pytorch_parts import Predictor, Transformer, answer, take

CROPS, SIDE, WIDTH, DEPTH, HEADS = 128, int(sys.argv[2]), 128, 2, 4
GRID, IS_PREDICTED = SIDE // 8, SIDE == 32
PREDICTOR_WIDTH, PREDICTOR_DEPTH, PREDICTOR_HEADS = 64, 2, 2
STRIDE, CONTEXT, BLOCKS, TARGET, TEMPERATURE = 8, 8, 4, 4, 0.2
TOKENS, PREDICTED = GRID**2, CROPS // STRIDE
torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)


class Stem(nn.Module):
    """3×3 convolutions of stride 2, each but the last followed by a norm over its channels and GELU; pictures are channels last."""

    def __init__(self) -> None:
        super().__init__()
        channels = [3, WIDTH // 4, WIDTH // 2, WIDTH]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(channels, channels[1:]))
        self.norms = nn.ModuleList(nn.LayerNorm(count, eps=1e-6) for count in channels[1:-1])

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = pictures
        for convolution, norm in zip(self.convolutions, self.norms):
            x = F.gelu(norm(convolution(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
        return self.convolutions[-1](x).permute(0, 2, 3, 1).flatten(1, 2)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.blocks = Transformer(WIDTH, DEPTH, HEADS)
        self.register_buffer("positions", torch.randn(1, TOKENS, WIDTH))

    def forward(self, pictures: torch.Tensor, indices: torch.Tensor | None = None) -> torch.Tensor:
        positions = self.positions.expand(len(pictures), -1, -1)
        if indices is None:
            return self.blocks(self.stem(pictures) + positions)
        shown = torch.zeros(len(pictures), TOKENS).scatter_(1, indices, 1).view(-1, 1, GRID, GRID)
        visible = pictures * F.interpolate(shown, size=SIDE)
        return self.blocks(take(self.stem(visible), indices) + take(positions, indices))


class Muon:
    """Orthogonalised momentum (Jordan et al. 2024) in float32, matrices of a shape side by side; queries, keys and values apart."""

    def __init__(self, parameters: list[tuple[str, nn.Parameter]], rate: float, decay: float) -> None:
        self.rate, self.decay = rate, decay
        self.parameters = parameters
        self.momenta = [torch.zeros_like(parameter) for _, parameter in parameters]

    @staticmethod
    def orthogonal(x: torch.Tensor) -> torch.Tensor:
        y = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
        is_tall = y.shape[1] > y.shape[2]
        y = y.mT if is_tall else y
        for _ in range(5):
            gram = y @ y.mT
            y = torch.baddbmm(y, torch.baddbmm(gram, gram, gram, beta=-4.775, alpha=2.0315), y, beta=3.4445)
        return y.mT if is_tall else y

    @torch.no_grad()
    def step(self) -> None:
        gradients = [parameter.grad for _, parameter in self.parameters]
        torch._foreach_lerp_(self.momenta, gradients, 0.05)
        ahead = torch._foreach_lerp(gradients, self.momenta, 0.95)
        groups: dict[tuple[int, int], list[torch.Tensor]] = {}
        places = []
        for (name, _), value in zip(self.parameters, ahead):
            parts = value.chunk(3) if name.endswith("qkv.weight") else (value.flatten(1),)
            for part in parts:
                group = groups.setdefault(tuple(part.shape), [])
                places.append((part.shape, len(group)))
                group.append(part)
        found = {shape: self.orthogonal(torch.stack(group)) for shape, group in groups.items()}
        taken = iter(places)
        for name, parameter in self.parameters:
            count = 3 if name.endswith("qkv.weight") else 1
            directions = [found[tuple(shape)][at] * (0.2 * max(shape) ** 0.5) for shape, at in (next(taken) for _ in range(count))]
            direction = torch.cat(directions).view_as(parameter)
            parameter.mul_(1 - self.rate * self.decay).sub_(direction, alpha=self.rate)


context_encoder, target_encoder, predictor = Encoder(), Encoder(), Predictor(WIDTH, PREDICTOR_WIDTH, PREDICTOR_DEPTH, PREDICTOR_HEADS, TOKENS)
projector = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.LayerNorm(4 * WIDTH, eps=1e-6), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH // 2))
for encoder in (context_encoder, target_encoder):
    encoder.to(memory_format=torch.channels_last)
target_encoder.load_state_dict(context_encoder.state_dict())
target_encoder.requires_grad_(False)

moved = (context_encoder, predictor, projector) if IS_PREDICTED else (context_encoder, projector)
named = [(name, p) for network in moved for name, p in network.named_parameters()]
is_matrix = lambda name, p: p.dim() > 1 and (name.startswith("blocks.") or "convolutions" in name and "convolutions.0" not in name)
muon = Muon([(name, p) for name, p in named if is_matrix(name, p)], 2e-3, 0.04)
adamw = torch.optim.AdamW([p for name, p in named if not is_matrix(name, p)], lr=2e-3, weight_decay=0.04, fused=True)

pictures = (torch.rand(CROPS, 3, SIDE, SIDE) * 2 - 1).contiguous(memory_format=torch.channels_last)
is_predicted = torch.arange(CROPS) % STRIDE == 0
seen = torch.stack([torch.randperm(TOKENS)[:CONTEXT].sort().values for _ in range(PREDICTED)])
wanted = torch.stack([torch.stack([torch.randperm(TOKENS)[:TARGET].sort().values for _ in range(PREDICTED)]) for _ in range(BLOCKS)])
picture = torch.arange(CROPS) // 2
same, itself = picture[:, None] == picture, torch.eye(CROPS, dtype=torch.bool)


def contrast(means: torch.Tensor) -> torch.Tensor:
    unit = F.normalize(projector(means), dim=1)
    scores = (unit @ unit.T - 1) / TEMPERATURE
    likeness = scores.exp()
    surprise = (likeness + likeness.masked_fill(same, 0).sum(1, keepdim=True)).log() - scores
    return surprise.masked_fill(~same | itself, 0).sum() / CROPS


def loss_of_whole() -> torch.Tensor:
    return contrast(context_encoder(pictures).mean(1))


def loss_with_prediction() -> torch.Tensor:
    chosen = pictures[::STRIDE]
    with torch.no_grad():
        tokens = F.layer_norm(target_encoder(chosen), (WIDTH,))
        targets = torch.cat([take(tokens, block) for block in wanted])
    context = context_encoder(chosen, seen)
    others = context_encoder(pictures[~is_predicted])
    means = torch.cat([context.mean(1)[:, None], others.mean(1).view(PREDICTED, STRIDE - 1, WIDTH)], 1)
    return contrast(means.view(CROPS, WIDTH)) + F.smooth_l1_loss(predictor(context, seen, wanted), targets)


loss_of = loss_with_prediction if IS_PREDICTED else loss_of_whole


def step(loss_function=loss_of) -> None:
    loss_function().backward()
    adamw.step()
    muon.step()
    for _, parameter in named:
        parameter.grad = None
    with torch.no_grad():
        torch._foreach_lerp_(list(target_encoder.parameters()), list(context_encoder.parameters()), 1 - 0.996)


compiled_loss = torch.compile(loss_of)
commands = {"step": step, "compiled": lambda: step(compiled_loss)}

answer(commands)
