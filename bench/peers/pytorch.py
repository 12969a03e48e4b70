"""PyTorch on the same work: the I-JEPA step and the encoder's embedding, written from the paper (Assran et al. 2023).

Answers one command per line (`matmul`, `step`, `compiled`, `embed`) with one line of JSON; see ../peer.ts.
Arguments: threads, images per batch, context tokens, target blocks, target tokens.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from pytorch_parts import Predictor, Transformer, answer, take

WIDTH, DEPTH, HEADS, PATCH, TOKENS = 384, 12, 6, 16, 196
PREDICTOR_WIDTH, PREDICTOR_DEPTH = 192, 6
THREADS, BATCH, CONTEXT, BLOCKS, TARGET = (int(value) for value in sys.argv[1:6])
torch.set_num_threads(THREADS)
torch.manual_seed(0)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3 * PATCH * PATCH, WIDTH)
        self.blocks = Transformer(WIDTH, DEPTH, HEADS)
        self.register_buffer("positions", torch.randn(1, TOKENS, WIDTH))

    def forward(self, patches: torch.Tensor, indices: torch.Tensor | None = None) -> torch.Tensor:
        positions = self.positions.expand(len(patches), -1, -1)
        if indices is not None:
            patches, positions = take(patches, indices), take(positions, indices)
        return self.blocks(self.embed(patches) + positions)


context_encoder, target_encoder, predictor = Encoder(), Encoder(), Predictor(WIDTH, PREDICTOR_WIDTH, PREDICTOR_DEPTH, HEADS, TOKENS)
target_encoder.load_state_dict(context_encoder.state_dict())
target_encoder.requires_grad_(False)
optimiser = torch.optim.AdamW([*context_encoder.parameters(), *predictor.parameters()], lr=1e-4, weight_decay=0.04)

patches = torch.rand(BATCH, TOKENS, 3 * PATCH * PATCH) * 2 - 1
seen = torch.stack([torch.randperm(TOKENS)[:CONTEXT].sort().values for _ in range(BATCH)])
wanted = torch.stack(
    [torch.stack([torch.randperm(TOKENS)[:TARGET].sort().values for _ in range(BATCH)]) for _ in range(BLOCKS)]
)


def loss_of() -> torch.Tensor:
    with torch.no_grad():
        tokens = F.layer_norm(target_encoder(patches), (WIDTH,))
        targets = torch.cat([take(tokens, block) for block in wanted])
    return F.smooth_l1_loss(predictor(context_encoder(patches, seen), seen, wanted), targets)


def step(loss_function=loss_of) -> None:
    loss_function().backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    with torch.no_grad():
        torch._foreach_lerp_(list(target_encoder.parameters()), list(context_encoder.parameters()), 1 - 0.996)


@torch.inference_mode()
def embed() -> None:
    target_encoder(patches).mean(1)


left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)


def matmul() -> None:
    for _ in range(20):
        left @ right


compiled_loss = torch.compile(loss_of)
commands = {"matmul": matmul, "step": step, "compiled": lambda: step(compiled_loss), "embed": embed}

answer(commands)
