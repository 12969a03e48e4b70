"""What the PyTorch peers have in common: transformer blocks, and a command per line answered with one line of JSON (../peer.ts)."""

import json
import resource
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """A pre-norm transformer block with exact GELU."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        packed = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Transformer(nn.Sequential):
    def __init__(self, width: int, depth: int, heads: int) -> None:
        super().__init__(*(Block(width, heads) for _ in range(depth)), nn.LayerNorm(width, eps=1e-6))


def take(tokens: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Tokens [B, N, D] at indices [B, n] of each image."""
    return tokens.gather(1, indices[..., None].expand(-1, -1, tokens.shape[-1]))


class Predictor(nn.Module):
    """From tokens of `outer` numbers to such tokens, by blocks of `width`."""

    def __init__(self, outer: int, width: int, depth: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.embed = nn.Linear(outer, width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(width))
        self.blocks = Transformer(width, depth, heads)
        self.proj = nn.Linear(width, outer)
        self.register_buffer("positions", torch.randn(tokens, width))

    def forward(self, context: torch.Tensor, seen: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        placed = (self.embed(context) + self.positions[seen]).repeat(len(wanted), 1, 1)
        masked = self.positions[wanted.flatten(0, 1)] + self.mask_token
        tokens = self.blocks(torch.cat([placed, masked], 1))
        return self.proj(tokens[:, seen.shape[1] :])


def answer(commands: dict[str, Callable[[], None]], until_done: Callable[[], None] = lambda: None) -> None:
    """`until_done` waits for a card, which works on after a call has returned."""
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        try:
            began, used = time.perf_counter(), time.process_time()
            commands[line.strip()]()
            until_done()
            figures = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}
            figures["peakMebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        except Exception as error:  # What it says becomes the reason in the table.
            figures = {"error": str(error).strip().splitlines()[0][:200]}
        print(json.dumps(figures), flush=True)
