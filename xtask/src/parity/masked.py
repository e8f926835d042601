"""Losses and gradients of MAE and SimMIM with timm's transformer, weights and images by a formula, as
crates/train/src/pretrain/methods/masked/tests.rs holds them.

    python xtask/src/parity/masked.py
"""

import numpy
import timm
import torch
from timm.models.vision_transformer import Block

from reference import noise, values, waves

torch.set_default_dtype(torch.float64)
IMAGES, CHANNELS, HEIGHT, WIDTH, PATCH = 2, 3, 24, 40, 8
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
COUNT = ROWS * COLUMNS
# Eleven of fifteen patches of each image.
ORDER = torch.from_numpy(noise(IMAGES * COUNT, 2)).reshape(IMAGES, COUNT).argsort(dim=1)
HIDDEN = torch.zeros(IMAGES, COUNT).scatter_(1, ORDER[:, 4:], 1.0)


def filled(module):
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(values(name, parameter))
    return module.double()


def patchified(images):
    """Patches row by row, the numbers of each channel by channel."""
    cut = images.reshape(IMAGES, CHANNELS, ROWS, PATCH, COLUMNS, PATCH)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(IMAGES, COUNT, -1)


def places(width):
    """Sines and cosines of column, then row, as MAE's `get_2d_sincos_pos_embed`."""
    omega = 1.0 / 10000 ** (numpy.arange(width // 4) / (width // 4))
    angles = [numpy.outer(axis.ravel(), omega) for axis in numpy.meshgrid(range(COLUMNS), range(ROWS))]
    return torch.from_numpy(numpy.concatenate([f(a) for a in angles for f in (numpy.sin, numpy.cos)], axis=1))


class Decoder(torch.nn.Module):
    def __init__(self, tokens, width, depth):
        super().__init__()
        norm = lambda size, **_: torch.nn.LayerNorm(size, eps=1e-6)
        self.embed = torch.nn.Linear(tokens, width)
        self.mask_token = torch.nn.Parameter(torch.zeros(1, 1, width))
        self.blocks = torch.nn.Sequential(
            *[Block(width, width // 32, 4, qkv_bias=True, norm_layer=norm) for _ in range(depth)]
        )
        self.norm = norm(width)
        self.pred = torch.nn.Linear(width, CHANNELS * PATCH * PATCH)


class Pixels(torch.nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.mask_token = torch.nn.Parameter(torch.zeros(1, 1, tokens))
        self.pred = torch.nn.Linear(tokens, CHANNELS * PATCH * PATCH)


def transformer():
    size = (HEIGHT, WIDTH)
    return filled(timm.create_model("vit_tiny_patch16_224", patch_size=PATCH, img_size=size, num_classes=0))


WANTED = """cls_token pos_embed patch_embed.proj.weight blocks.5.attn.qkv.weight norm.bias
    mask_token embed.weight blocks.1.mlp.fc1.weight pred.weight pred.bias""".split()


def told(name, loss, modules):
    loss.backward()
    print(name, loss.item())
    for prefix, module in modules:
        for parameter, value in module.named_parameters():
            if parameter in WANTED:
                print(f'    ("{prefix}.{parameter}", {value.grad.norm().item()}),')


def mae():
    net, head = transformer(), filled(Decoder(192, 64, 2))
    x, target = (waves((IMAGES, CHANNELS, HEIGHT, WIDTH), start).double() for start in (0, 1))
    tokens = net.patch_embed(x) + net.pos_embed[:, 1:]
    seen = [(hidden == 0).nonzero().flatten() for hidden in HIDDEN]
    class_token = (net.cls_token + net.pos_embed[:, :1]).expand(IMAGES, -1, -1)
    kept = torch.stack([image[some] for image, some in zip(tokens, seen)])
    latent = head.embed(net.norm(net.blocks(torch.cat([class_token, kept], 1))))
    every = head.mask_token.expand(IMAGES, COUNT, -1)
    every = torch.stack([a.index_put((some,), b[1:]) for a, b, some in zip(every, latent, seen)]) + places(64)
    restored = head.pred(head.norm(head.blocks(torch.cat([latent[:, :1], every], 1))))[:, 1:]
    loss = (((restored - patchified(target)) ** 2).mean(-1) * HIDDEN).sum() / HIDDEN.sum()
    told("mae", loss, [("encoder", net), ("heads.0", head)])


def simmim(name, distance):
    net, head = transformer(), filled(Pixels(192))
    x, target = (waves((IMAGES, CHANNELS, HEIGHT, WIDTH), start).double() for start in (0, 1))
    hidden = HIDDEN[..., None]
    tokens = net.patch_embed(x) * (1 - hidden) + head.mask_token * hidden
    tokens = torch.cat([net.cls_token.expand(IMAGES, -1, -1), tokens], 1) + net.pos_embed
    restored = head.pred(net.norm(net.blocks(tokens))[:, 1:])
    loss = (distance(restored - patchified(target)).mean(-1) * HIDDEN).sum() / HIDDEN.sum()
    told(name, loss, [("encoder", net), ("heads.0", head)])


if __name__ == "__main__":
    print("hidden", HIDDEN.int().tolist())
    mae()
    simmim("simmim, l1", torch.abs)
    simmim("simmim, l2", torch.square)
