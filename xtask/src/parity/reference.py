"""Numbers of timm's and torchvision's networks, with weights and inputs by a formula, as tests of crates/models hold them.

    python3 -m venv .peer/parity && .peer/parity/bin/pip install torch==2.9.0 torchvision==0.24.0 timm==1.0.31
    .peer/parity/bin/python xtask/src/parity/reference.py efficientnet_lite0

prints what stands in the `tests.rs` of the network.
"""

import sys

import numpy
import torch

torch.set_num_threads(1)


def noise(count, start):
    """Numbers in -1..1 that any language makes alike."""
    value = numpy.sin(12.9898 * numpy.arange(1, count + 1, dtype=numpy.float64) + start) * 43758.5453
    return 2.0 * (value - numpy.floor(value)) - 1.0


def waves(shape, start):
    return torch.from_numpy(noise(int(numpy.prod(shape)), start).astype(numpy.float32)).reshape(shape)


def fill(net):
    """Weights scaled to their fan-in; norms near 1 and 0."""
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if not tensor.is_floating_point():
                continue
            fan = tensor.numel() // tensor.shape[0]
            wave = noise(tensor.numel(), len(name))
            last = name.rsplit(".", 1)[-1]
            if last == "running_var":
                wave = 1.0 + 0.5 * wave
            elif last == "weight" and tensor.dim() == 1:
                wave = 1.0 + 0.1 * wave
            elif tensor.dim() == 1:
                wave = 0.1 * wave
            else:
                wave = wave * (6.0 / fan) ** 0.5
            tensor.copy_(torch.from_numpy(wave.astype(numpy.float32)).reshape(tensor.shape))


def row(values):
    return "[" + ", ".join(f"{value:.7g}" for value in values) + "]"


def summary(features):
    data = features.detach().double()
    return data[0, :3].tolist() + data[1, -3:].tolist() + [data.square().mean().sqrt().item()]


def show(net, shape, watched, statistics, prepare=None):
    (prepare or (lambda: fill(net)))()
    x = waves(shape, 0)
    print("shape:", list(shape))
    net.eval()
    with torch.no_grad():
        print("inference:", row(summary(net(x))))
    net.train()
    y = net(x)
    print("training:", row(summary(y)))
    (y * waves(tuple(y.shape), 1)).sum().backward()
    parameters = dict(net.named_parameters())
    for name in watched:
        print(f'gradients: ("{name}", {parameters[name].grad.double().norm().item():.7g}),')
    state = net.state_dict()
    for name in statistics:
        print(f'statistics: ("{name}", {row(state[name].flatten()[:2].tolist())}),')


def efficientnet_lite0():
    import timm

    net = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    watched = ["conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.2.1.bn2.weight", "blocks.3.0.conv_dw.weight",
               "blocks.5.2.conv_pwl.weight", "conv_head.weight", "bn2.bias"]
    statistics = ["blocks.4.1.bn2.running_var", "blocks.4.1.bn2.running_mean"]
    show(net, (3, 3, 70, 64), watched, statistics)


def vit():
    from timm.models.vision_transformer import VisionTransformer

    tiny = {"img_size": (24, 40), "patch_size": 8, "embed_dim": 192, "depth": 12, "num_heads": 3, "num_classes": 0}
    watched = ["patch_embed.proj.weight", "patch_embed.proj.bias", "cls_token", "blocks.0.attn.qkv.weight",
               "blocks.4.norm2.weight", "blocks.11.mlp.fc2.weight", "norm.bias"]
    print("- class token")
    show(VisionTransformer(**tiny), (2, 3, 24, 40), watched + ["pos_embed", "blocks.3.attn.qkv.bias"], [])
    print("- mean")
    show(VisionTransformer(**tiny, global_pool="avg", fc_norm=False), (2, 3, 24, 40), watched + ["pos_embed"], [])
    print("- registers and layer scale, as DINOv2 has them")
    net = VisionTransformer(**tiny, reg_tokens=4, no_embed_class=True, init_values=1e-5)
    filled = fill

    def with_class_position():
        filled(net)
        # The class token has a position here: it goes into the token.
        shape = (1, 1 + net.pos_embed.shape[1], 192)
        scale = (6.0 / (shape[1] * shape[2])) ** 0.5
        positions = torch.from_numpy((noise(shape[1] * shape[2], len("pos_embed")) * scale).astype(numpy.float32))
        positions = positions.reshape(shape)
        with torch.no_grad():
            net.pos_embed.copy_(positions[:, 1:])
            net.cls_token.add_(positions[:, :1])

    show(net, (2, 3, 24, 40), watched + ["reg_token", "blocks.5.ls1.gamma"], [], with_class_position)


def positions():
    """Positions of 7x7 patches brought to 4x5, as each family does it: the first three numbers, the last three, the mean square."""
    import torch.nn.functional as F
    from timm.layers import resample_abs_pos_embed

    learned = waves((1, 49, 2), 3)
    grid = learned.reshape(1, 7, 7, 2).permute(0, 3, 1, 2)
    back = lambda x: x.permute(0, 2, 3, 1).reshape(20, 2)
    for offset in (0.1, 0.0):
        scale = ((4 + offset) / 7, (5 + offset) / 7)
        print(f"scaled {offset}:", row(ends(back(F.interpolate(grid, scale_factor=scale, mode="bicubic")))))
    smoothed = resample_abs_pos_embed(learned, [4, 5], old_size=[7, 7], num_prefix_tokens=0)
    print("smoothed:", row(ends(smoothed.reshape(20, 2))))


def ends(values):
    data = values.double().flatten()
    return data[:3].tolist() + data[-3:].tolist() + [data.square().mean().sqrt().item()]


if __name__ == "__main__":
    known = {"efficientnet_lite0": efficientnet_lite0, "vit": vit, "positions": positions}
    for name in sys.argv[1:] or known:
        print(f"== {name}")
        known[name]()
