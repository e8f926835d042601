"""Numbers of timm's and torchvision's networks, with weights and inputs by a formula, as tests of crates/models hold them.

    cargo xtask parity efficientnet_lite0

prints what stands in the `tests.rs` of the network.
"""

import functools
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


def values(name, tensor):
    """Weights scaled to their fan-in; norms near 1 and 0."""
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
    return torch.from_numpy(wave.astype(numpy.float32)).reshape(tensor.shape)


def fill(net):
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(values(name, tensor))


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


def others():
    """Transformers of other families: as DINOv3 has them, with gates, without a class token."""
    from timm.layers import SwiGLUPacked
    from timm.models.eva import Eva
    from timm.models.vision_transformer import VisionTransformer

    tiny = {"img_size": (24, 40), "patch_size": 8, "embed_dim": 192, "depth": 12, "num_heads": 3, "num_classes": 0}
    watched = ["patch_embed.proj.weight", "cls_token", "blocks.0.attn.qkv.weight", "blocks.11.mlp.fc2.weight", "norm.bias"]
    print("- gates, as DINOv2's giant has them")
    net = VisionTransformer(**tiny, mlp_ratio=16 / 3, mlp_layer=SwiGLUPacked, act_layer=torch.nn.SiLU)
    show(net, (2, 3, 24, 40), watched + ["blocks.2.mlp.fc1.weight"], [])
    print("- no class token, the mean, as I-JEPA has it")
    net = VisionTransformer(**tiny, class_token=False, global_pool="avg", fc_norm=False)
    show(net, (2, 3, 24, 40), [name for name in watched if name != "cls_token"] + ["pos_embed"], [])
    print("- turned queries and keys, as DINOv3 has them")
    rope = {"use_rot_pos_emb": True, "use_abs_pos_emb": False, "rope_type": "dinov3", "rope_grid_offset": 0.0, "rope_temperature": 100.0,
            "rope_rotate_half": True}
    net = Eva(**tiny, **rope, num_reg_tokens=4, init_values=1e-5, qkv_fused=True, qkv_bias=True, global_pool="token",
              use_fc_norm=False, norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-5), dynamic_img_size=True)

    def under_our_names():
        """Weights by the names that ours have: keys have no bias."""
        ours = {"gamma_1": "ls1.gamma", "gamma_2": "ls2.gamma"}
        with torch.no_grad():
            for name, tensor in net.state_dict().items():
                if name.endswith(("q_bias", "v_bias")):
                    continue
                called = name
                for old, new in ours.items():
                    called = called.replace(old, new)
                tensor.copy_(values(called, tensor))
            for number, block in enumerate(net.blocks):
                width = block.attn.q_bias.numel()
                bias = values(f"blocks.{number}.attn.qkv.bias", torch.zeros(3 * width))
                block.attn.q_bias.copy_(bias[:width])
                block.attn.v_bias.copy_(bias[2 * width:])

    show(net, (2, 3, 24, 40), watched + ["reg_token", "blocks.5.gamma_1", "blocks.3.attn.q_bias"], [], under_our_names)


def convnext():
    from timm.models.convnext import ConvNeXt

    atto = {"depths": (2, 2, 6, 2), "dims": (40, 80, 160, 320), "num_classes": 0}
    watched = ["stem.0.weight", "stem.0.bias", "stem.1.weight", "stages.0.blocks.0.conv_dw.weight", "stages.1.downsample.1.weight",
               "stages.2.blocks.3.mlp.fc1.weight", "stages.2.blocks.5.gamma", "stages.3.blocks.1.norm.bias", "head.norm.weight"]
    # With patches of 2 timm divides the sides once more in the first stage; ours never does.
    for patch, shape in ((4, (2, 3, 70, 64)), (1, (2, 3, 16, 24))):
        print(f"- patch {patch}")
        show(ConvNeXt(**atto, patch_size=patch), shape, watched, [])


def resnet():
    import torchvision
    from timm.models.resnet import Bottleneck, ResNet

    statistics = ["layer4.0.bn1.running_var", "layer4.0.bn1.running_mean"]
    print("- resnet50d of width 8")
    net = ResNet(Bottleneck, (3, 4, 6, 3), num_classes=0, channels=(8, 16, 32, 64), stem_width=4, stem_type="deep", avg_down=True)
    watched = ["conv1.0.weight", "conv1.4.bias", "conv1.6.weight", "layer4.0.bn2.weight", "layer1.0.downsample.1.weight",
               "layer2.0.downsample.1.weight", "layer4.0.conv1.weight"]
    show(net, (8, 3, 72, 64), watched, statistics)
    print("- wide_resnet50_2")
    net = torchvision.models.wide_resnet50_2()
    net.fc = torch.nn.Identity()
    watched = ["conv1.weight", "layer4.0.bn2.weight", "layer2.0.downsample.0.weight", "layer4.0.conv1.weight"]
    show(net, (2, 3, 64, 64), watched, statistics)


def counts():
    """Parameters with 1000 classes, for crates/models/src/cost.rs."""
    import timm
    import torchvision

    nets = {name: getattr(torchvision.models, name) for name in
            ("resnet101", "resnet152", "wide_resnet50_2", "wide_resnet101_2", "convnext_tiny", "convnext_base")}
    nets |= {name: (lambda name=name: timm.create_model(name)) for name in ("resnet50d", "convnext_atto", "convnext_nano")}
    for name, make in nets.items():
        print(name, sum(parameter.numel() for parameter in make().parameters()))


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
    known = {"efficientnet_lite0": efficientnet_lite0, "vit": vit, "others": others, "convnext": convnext, "resnet": resnet, "counts": counts,
             "positions": positions}
    for name in sys.argv[1:] or known:
        print(f"== {name}")
        known[name]()
