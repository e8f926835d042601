"""The cases of `cargo xtask bench` in PyTorch and lightly: the same images, views, network, batch and optimizer as
crates/train/examples/bench_case, and the same arguments. Prints one line of JSON.

What the peer may do better is done: channels-last, one forward pass for both views, the fused optimizer, images ready
in memory, workers that stay. The caller tries how many workers are best.
"""

import argparse
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy
import timm
import torch
from lightly.loss import NTXentLoss
from lightly.transforms import SimCLRTransform
from PIL import Image, ImageFilter
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

NORMALIZE = {"mean": [0.5], "std": [0.5]}
# Of pictures in memory, at most.
POOL_BYTES = 64 << 20


# Network: torchvision's topology with a 3x3 stem and any width.

class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)).add_(self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, blocks, channels, width, stride):
        super().__init__()
        layers = [nn.Conv2d(channels, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        inputs = width
        for stage in range(4):
            for block in range(blocks):
                outputs = width << stage
                layers.append(Block(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
        self.map = nn.Sequential(*layers)
        self.features = inputs

    def forward(self, x):
        return self.map(x).mean((2, 3))


class Published(nn.Module):
    """What people start from, as timm has it: its attention is PyTorch's scaled_dot_product_attention."""

    def __init__(self, arch, side):
        super().__init__()
        if arch == "efficientnet_lite0":
            self.net = timm.create_model("tf_efficientnet_lite0", num_classes=0)
        else:
            patch = 4 if side <= 40 else 16
            self.net = timm.create_model(f"{arch}_patch16_224", num_classes=0, img_size=side, patch_size=patch)
        self.features = self.net.num_features

    def forward(self, x):
        return self.net(x)


def network(arch, channels, width, stem, side):
    if arch in ("resnet10", "resnet18"):
        return ResNet({"resnet10": 1, "resnet18": 2}[arch], channels, width, {"small": 1, "strided": 2}[stem])
    return Published(arch, side)


def projection(features):
    hidden = min(max(features, 128), 2048)
    return nn.Sequential(
        nn.Linear(features, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, 128)
    )


class Decoder(nn.Module):
    """1x1, then by halvings of the image up to half its size, the last factor of two by pixel shuffle."""

    def __init__(self, features, side, channels):
        super().__init__()
        hidden = min(max(features // 2, 8), 64)
        halvings = [-(-side // 2**k) for k in range(1, 12)]
        self.sizes = [size for size in halvings if size > -(-side // 8)][::-1]
        self.first = nn.Sequential(nn.Conv2d(features, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(True))
        self.steps, inputs = nn.ModuleList(), hidden
        for i in range(len(self.sizes)):
            outputs = max(hidden >> (i + 1), hidden // 4, 4)
            conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            self.steps.append(nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(True)))
            inputs = outputs
        self.last = nn.Conv2d(inputs, 4 * channels, 3, padding=1)
        self.side = side

    def forward(self, x):
        x = self.first(x)
        for step, size in zip(self.steps, self.sizes):
            x = step(functional.interpolate(x, size=size, mode="nearest"))
        x = functional.interpolate(x, size=-(-self.side // 2), mode="nearest")
        return functional.pixel_shuffle(self.last(x), 2)[:, :, : self.side, : self.side]


# Views.

def simclr_views(side, channels):
    """The defaults of `simclr()`: gray, small color, photographs."""
    if channels == 1:
        strength, blur, gray = 0.75, 0.5, 0.0
    elif side <= 64:
        strength, blur, gray = 0.5, 0.0, 0.2
    else:
        strength, blur, gray = 1.0, 0.5, 0.2
    color = {} if channels == 3 else {"cj_sat": 0.0, "cj_hue": 0.0}
    return SimCLRTransform(
        input_size=side, cj_strength=strength, min_scale=0.2, random_gray_scale=gray, gaussian_blur=blur,
        sigmas=(0.1, 2.0), normalize=NORMALIZE, **color,
    )


def moved(side, padding_mode):
    pad = side // 14 if side < 32 else side // 8
    return transforms.Compose([
        transforms.RandomCrop(side, padding=pad, padding_mode=padding_mode), transforms.RandomHorizontalFlip(),
        transforms.ToTensor(), transforms.Normalize(**NORMALIZE),
    ])


class Coarse:
    """A coarse copy at full size, and the image."""

    KERNELS = [Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS]

    def __init__(self, side):
        self.side, self.small = side, round(side / 4)
        self.flip, self.tensor = transforms.RandomHorizontalFlip(), transforms.ToTensor()

    def __call__(self, image):
        image = self.flip(image)
        soft = image.filter(ImageFilter.GaussianBlur(random.uniform(0.0, 0.5)))
        coarse = self.tensor(soft.resize((self.small, self.small), random.choice(self.KERNELS)))
        coarse = (coarse + torch.randn_like(coarse) * random.uniform(0.0, 0.02))[None]
        up = functional.interpolate(coarse, size=self.side, mode="bicubic", align_corners=False)[0]
        return (up - 0.5) / 0.5, self.tensor(image)


class Pictures(Dataset):
    """Small pictures in memory, or photographs decoded at each look; transformed, with a made-up label."""

    def __init__(self, pictures, transform):
        self.pictures, self.transform = pictures, transform

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, i):
        picture = self.pictures[i]
        image = Image.open(picture).convert("RGB") if isinstance(picture, Path) else Image.fromarray(picture)
        return self.transform(image), i % 10


def made_pictures(count, height, width, channels):
    shape = (count, height, width) if channels == 1 else (count, height, width, channels)
    return list(numpy.random.default_rng(1).integers(0, 256, shape, dtype=numpy.uint8))


def batches(dataset, batch, workers):
    keep = {"persistent_workers": True} if workers else {}
    loader = DataLoader(dataset, batch, shuffle=True, drop_last=True, num_workers=workers, **keep)
    while True:
        yield from loader


# Measuring.

def ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children():
    return [child.pid for child in multiprocessing.active_children()] + [rank.pid for rank in RANKS]


def cpu_seconds():
    return sum(ticks(pid) for pid in [os.getpid(), *children()])


def kilobytes(path, names):
    lines = [line.split() for line in Path(path).read_text().splitlines()]
    return sum(int(line[1]) for line in lines if line[0] in names)


def peak_bytes():
    """This process at its peak, and what its workers and other ranks do not share with it."""
    own = kilobytes("/proc/self/status", {"VmHWM:"})
    private = {"Private_Clean:", "Private_Dirty:"}
    return 1024 * (own + sum(kilobytes(f"/proc/{pid}/smaps_rollup", private) for pid in children()))


def measure(step, images_per_step, seconds):
    """Warms up for a third of the time and at least two steps; then counts."""
    begin, steps = time.perf_counter(), 0
    while steps < 2 or time.perf_counter() - begin < seconds / 3:
        step()
        steps += 1
    begin, cpu, steps = time.perf_counter(), cpu_seconds(), 0
    while steps < 2 or time.perf_counter() - begin < seconds:
        step()
        steps += 1
    if not RANKS:
        # Other ranks go on until rank 0, which has counted, ends them.
        while "RANK" in os.environ:
            step()
    return {
        "images": steps * images_per_step, "seconds": time.perf_counter() - begin,
        "cpu_seconds": cpu_seconds() - cpu, "peak_bytes": peak_bytes(),
    }


# Ranks: processes that share each batch out, by DistributedDataParallel on gloo. Batch norms are each rank's own: synchronized ones
# PyTorch has on GPUs only.

RANKS = []


def join(ranks):
    """Starts the other ranks, where this is the first, and meets them."""
    if "RANK" not in os.environ:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        shared = {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        for rank in range(1, ranks):
            variables = os.environ | shared | {"RANK": str(rank)}
            RANKS.append(subprocess.Popen([sys.executable, *sys.argv], env=variables, stdout=subprocess.DEVNULL))
        os.environ.update(shared)
    rank = int(os.environ.get("RANK", "0"))
    torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)


# Cases.

def fast(x):
    return x.to(memory_format=torch.channels_last)


def trainer(*modules):
    """The modules channels-last in training mode, and what makes one update out of a loss."""
    net = nn.ModuleList(modules).train().to(memory_format=torch.channels_last)
    decayed = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 1e-2}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, fused=True)

    def update(loss):
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return update


def main():
    options = argparse.ArgumentParser()
    options.add_argument("work")
    options.add_argument("--image", default="28x28x1")
    options.add_argument("--arch", default="resnet18")
    options.add_argument("--width", type=int, default=16)
    options.add_argument("--stem", choices=["small", "strided"], default="small")
    options.add_argument("--batch", type=int, default=128)
    options.add_argument("--ranks", type=int, default=1)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--workers", type=int, default=0)
    options.add_argument("--precision", default="f32")
    options.add_argument("--seconds", type=float, default=6.0)
    options.add_argument("--photos", type=Path)
    o = options.parse_args()
    torch.set_num_threads(max(o.threads // o.ranks, 1))
    torch.manual_seed(1)
    whole = o.batch
    if o.ranks > 1:
        join(o.ranks)
        o.batch //= o.ranks
    height, width, channels = map(int, o.image.split("x"))
    side = min(height, width)

    net = network(o.arch, channels, o.width, o.stem, side)

    def through(net, x):
        """In half precision where that is asked for; losses are computed in single precision, as on our side."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=o.precision == "bf16"):
            y = net(x)
        return y.float()

    def loader(transform, count=10_000):
        count = min(count, POOL_BYTES // (height * width * channels))
        return batches(Pictures(made_pictures(count, height, width, channels), transform), o.batch, o.workers)

    if o.work == "start":
        torch.ones(4).add(1.0).sum().item()
        return {}
    if o.work == "photos":
        photos = sorted(path for path in o.photos.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"})
        data = batches(Pictures(photos, simclr_views(224, 3)), o.batch, o.workers)
        return measure(lambda: next(data), o.batch, o.seconds)
    if o.work == "data":
        data = loader(simclr_views(side, channels))
        return measure(lambda: next(data), o.batch, o.seconds)
    if o.work == "features":
        pixels = torch.from_numpy(numpy.stack(made_pictures(min(2048, 4 * o.batch), height, width, channels)))
        pixels = pixels[:, None] if channels == 1 else pixels.permute(0, 3, 1, 2)
        net = fast(net.eval())
        at = 0

        def step():
            nonlocal at
            x = pixels[at : at + o.batch]
            at = (at + o.batch) % (len(pixels) - len(pixels) % o.batch)
            with torch.inference_mode():
                net(fast(x.float().div_(127.5).sub_(1.0))).numpy()

        return measure(step, o.batch, o.seconds)

    if o.work in ("simclr", "compute"):
        head, loss = projection(net.features), NTXentLoss(temperature=0.2, gather_distributed=o.ranks > 1)
        update = trainer(net, head)
        together = nn.Sequential(net, head)
        if o.ranks > 1:
            together = nn.parallel.DistributedDataParallel(together)
        fixed = fast(torch.randn(2 * o.batch, channels, height, width))
        data = loader(simclr_views(side, channels)) if o.work == "simclr" else None

        def step():
            x = fixed if data is None else fast(torch.cat(next(data)[0]))
            first, second = through(together, x).chunk(2)
            update(loss(first, second))

    elif o.work == "rotation":
        head = nn.Linear(net.features, 4)
        update = trainer(net, head)
        data = loader(moved(side, "edge"))
        turns = torch.arange(4).repeat_interleave(o.batch)

        def step():
            upright = next(data)[0]
            x = fast(torch.cat([torch.rot90(upright, k, (2, 3)) for k in range(4)]))
            update(functional.cross_entropy(through(lambda x: head(net(x)), x), turns))

    elif o.work == "super_resolution":
        head = Decoder(net.features, side, channels)
        update = trainer(net, head)
        data = loader(Coarse(side))

        def step():
            (coarse, target), _ = next(data)
            update(functional.l1_loss(through(lambda x: head(net.map(x)), fast(coarse)), fast(target)))

    elif o.work == "finetune":
        head = nn.Linear(net.features, 10)
        update = trainer(net, head)
        data = loader(moved(side, "constant"), count=1280)

        def step():
            x, labels = next(data)
            update(functional.cross_entropy(through(lambda x: head(net(x)), fast(x)), labels))

    else:
        sys.exit(f"there is no work {o.work}")
    return measure(step, whole, o.seconds)


if __name__ == "__main__":
    try:
        print(json.dumps(main()))
    finally:
        for rank in RANKS:
            rank.kill()
