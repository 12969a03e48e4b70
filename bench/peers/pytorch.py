"""PyTorch on the same work: the I-JEPA step and the encoder's embedding, written from the paper (Assran et al. 2023).

Answers one command per line (`matmul`, `step`, `compiled`, `embed`, and the steps as `-bfloat16`) with one line of JSON; see ../peer.ts.
Argument: JSON of ../torch.ts, the sizes and what it computes on (`cpu` or `cuda`).
"""

import json
import sys

import torch
import torch.nn.functional as F
from torch import nn

from pytorch_parts import Predictor, Transformer, answer, take

SIZES = json.loads(sys.argv[1])
BATCH, CONTEXT, BLOCKS, TARGET = (SIZES[key] for key in ("batch", "contextTokens", "targetBlocks", "targetTokens"))
TOKENS, PATCH_VALUES = SIZES["tokens"], SIZES["patchValues"]
WIDTH, DEPTH, HEADS = (SIZES["encoder"][key] for key in ("width", "depth", "heads"))
PREDICTOR_WIDTH, PREDICTOR_DEPTH, PREDICTOR_HEADS = (SIZES["predictor"][key] for key in ("width", "depth", "heads"))
DEVICE = torch.device(SIZES["device"])
ON_CARD = DEVICE.type == "cuda"
if ON_CARD and not torch.cuda.is_available():
    sys.exit("this PyTorch sees no card of NVIDIA")
torch.set_num_threads(SIZES["threads"])
torch.manual_seed(0)
torch.set_default_device(DEVICE)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(PATCH_VALUES, WIDTH)
        self.blocks = Transformer(WIDTH, DEPTH, HEADS)
        self.register_buffer("positions", torch.randn(1, TOKENS, WIDTH))

    def forward(self, patches: torch.Tensor, indices: torch.Tensor | None = None) -> torch.Tensor:
        positions = self.positions.expand(len(patches), -1, -1)
        if indices is not None:
            patches, positions = take(patches, indices), take(positions, indices)
        return self.blocks(self.embed(patches) + positions)


context_encoder, target_encoder, predictor = Encoder(), Encoder(), Predictor(WIDTH, PREDICTOR_WIDTH, PREDICTOR_DEPTH, PREDICTOR_HEADS, TOKENS)
target_encoder.load_state_dict(context_encoder.state_dict())
target_encoder.requires_grad_(False)
optimiser = torch.optim.AdamW([*context_encoder.parameters(), *predictor.parameters()], lr=1e-4, weight_decay=0.04, fused=ON_CARD)

patches = torch.rand(BATCH, TOKENS, PATCH_VALUES) * 2 - 1
seen = torch.stack([torch.randperm(TOKENS)[:CONTEXT].sort().values for _ in range(BATCH)])
wanted = torch.stack(
    [torch.stack([torch.randperm(TOKENS)[:TARGET].sort().values for _ in range(BATCH)]) for _ in range(BLOCKS)]
)


def loss_of() -> torch.Tensor:
    with torch.no_grad():
        tokens = F.layer_norm(target_encoder(patches), (WIDTH,))
        targets = torch.cat([take(tokens, block) for block in wanted])
    return F.smooth_l1_loss(predictor(context_encoder(patches, seen), seen, wanted), targets)


def step(loss_function=loss_of, bfloat16: bool = False) -> None:
    with torch.autocast(DEVICE.type, dtype=torch.bfloat16, enabled=bfloat16):
        loss = loss_function()
    loss.backward()
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
commands = {
    "matmul": matmul,
    "step": step,
    "compiled": lambda: step(compiled_loss),
    "step-bfloat16": lambda: step(bfloat16=True),
    "compiled-bfloat16": lambda: step(compiled_loss, bfloat16=True),
    "embed": embed,
}

answer(commands, torch.cuda.synchronize if ON_CARD else lambda: None)
