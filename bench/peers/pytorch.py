"""PyTorch on the same work: the I-JEPA step and the encoder's embedding, written from the paper (Assran et al. 2023).

Answers one command per line (`matmul`, `step`, `compiled`, `embed`) with one line of JSON; see ../peer.ts.
Arguments: threads, images per batch, context tokens, target blocks, target tokens.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, DEPTH, HEADS, PATCH, TOKENS = 384, 12, 6, 16, 196
PREDICTOR_WIDTH, PREDICTOR_DEPTH = 192, 6
THREADS, BATCH, CONTEXT, BLOCKS, TARGET = (int(value) for value in sys.argv[1:6])
torch.set_num_threads(THREADS)
torch.manual_seed(0)


class Block(nn.Module):
    """A pre-norm transformer block with exact GELU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        packed = self.qkv(self.norm1(x)).view(batch, tokens, 3, HEADS, width // HEADS)
        query, key, value = packed.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Transformer(nn.Sequential):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__(*(Block(width) for _ in range(depth)), nn.LayerNorm(width, eps=1e-6))


def take(tokens: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Tokens [B, N, D] at indices [B, n] of each image."""
    return tokens.gather(1, indices[..., None].expand(-1, -1, tokens.shape[-1]))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3 * PATCH * PATCH, WIDTH)
        self.blocks = Transformer(WIDTH, DEPTH)
        self.register_buffer("positions", torch.randn(1, TOKENS, WIDTH))

    def forward(self, patches: torch.Tensor, indices: torch.Tensor | None = None) -> torch.Tensor:
        positions = self.positions.expand(len(patches), -1, -1)
        if indices is not None:
            patches, positions = take(patches, indices), take(positions, indices)
        return self.blocks(self.embed(patches) + positions)


class Predictor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(WIDTH, PREDICTOR_WIDTH)
        self.mask_token = nn.Parameter(0.02 * torch.randn(PREDICTOR_WIDTH))
        self.blocks = Transformer(PREDICTOR_WIDTH, PREDICTOR_DEPTH)
        self.proj = nn.Linear(PREDICTOR_WIDTH, WIDTH)
        self.register_buffer("positions", torch.randn(TOKENS, PREDICTOR_WIDTH))

    def forward(self, context: torch.Tensor, seen: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        placed = (self.embed(context) + self.positions[seen]).repeat(len(wanted), 1, 1)
        masked = self.positions[wanted.flatten(0, 1)] + self.mask_token
        tokens = self.blocks(torch.cat([placed, masked], 1))
        return self.proj(tokens[:, seen.shape[1] :])


context_encoder, target_encoder, predictor = Encoder(), Encoder(), Predictor()
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

print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    try:
        began, used = time.perf_counter(), time.process_time()
        commands[line.strip()]()
        answer = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}
        answer["peakMebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    except Exception as error:  # What it says becomes the reason in the table.
        answer = {"error": str(error).strip().splitlines()[0][:200]}
    print(json.dumps(answer), flush=True)
