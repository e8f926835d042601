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


def show(net, shape, watched, statistics):
    fill(net)
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


if __name__ == "__main__":
    known = {"efficientnet_lite0": efficientnet_lite0}
    for name in sys.argv[1:] or known:
        print(f"== {name}")
        known[name]()
