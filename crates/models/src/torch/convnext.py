class Patches(nn.Conv2d):
    """A convolution of patches side by side; zeros fill up an image that is smaller than one."""

    def forward(self, x):
        below, beside = (max(kernel - side, 0) for kernel, side in zip(self.kernel_size, x.shape[2:]))
        return super().forward(F.pad(x, (0, beside, 0, below)))


class PlaceNorm(nn.LayerNorm):
    """The norm of each place of a map."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """A perceptron for each place."""

    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Each channel's surroundings, then the perceptron, and a shortcut around both."""

    def __init__(self, width):
        super().__init__()
        self.conv_dw = nn.Conv2d(width, width, 7, 1, 3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x):
        y = self.norm(self.conv_dw(x).permute(0, 2, 3, 1))
        return x + (self.mlp(y) * self.gamma).permute(0, 3, 1, 2)


class Stage(nn.Module):
    """Blocks of one width."""

    def __init__(self, inputs, width, depth):
        super().__init__()
        first = [] if inputs == width else [PlaceNorm(inputs, eps=1e-6), Patches(inputs, width, 2, 2)]
        self.downsample = nn.Sequential(*first)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(depth)))

    def forward(self, x):
        return self.blocks(self.downsample(x))


class Head(nn.Module):
    """What follows the mean over places."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(FEATURES, eps=1e-6)
#: if tells
        self.fc = nn.Linear(FEATURES, OUTPUTS)
#: end


class Network(nn.Module):
    """A ConvNeXt; its parts are called as timm calls them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(Patches(CHANNELS, WIDTHS[0], PATCH, PATCH), PlaceNorm(WIDTHS[0], eps=1e-6))
        widths = [WIDTHS[0], *WIDTHS]
        self.stages = nn.Sequential(*(Stage(*sizes) for sizes in zip(widths, WIDTHS, DEPTHS)))
        self.head = Head()

    def features(self, x):
        """Normalized images [images, channels, height, width] to features [images, FEATURES]."""
        return self.head.norm(self.stages(self.stem(x)).mean((2, 3)))
