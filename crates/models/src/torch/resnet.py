def shortcut(inputs, outputs, stride):
    """What goes around a block: its input, brought to the size of its output where that is another."""
    if stride == 1 and inputs == outputs:
        return None
#: if deep
    means = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
    return nn.Sequential(means, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
#: else
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
#: end


class Block(nn.Module):
#: if bottleneck
    """1x1, 3x3 with the stride, 1x1, and a shortcut around them."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        inner, outputs = WIDENING * width, EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = shortcut(inputs, outputs, stride)
#: else
    """Two 3x3 convolutions, the first with the stride, and a shortcut around them."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inputs, width, stride)
#: end

    def forward(self, x):
        aside = x if self.downsample is None else self.downsample(x)
#: if bottleneck
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + aside)
#: else
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + aside)
#: end


class Network(nn.Module):
    """A residual network; its parts are called as torchvision (resnet50d: timm) calls them."""

    def __init__(self):
        super().__init__()
#: if deep
        inner = max(WIDTH // 2, 1)
        self.conv1 = nn.Sequential(
            nn.Conv2d(CHANNELS, inner, 3, STRIDE, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, 1, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, WIDTH, 3, 1, 1, bias=False),
        )
#: else
        self.conv1 = nn.Conv2d(CHANNELS, WIDTH, KERNEL, STRIDE, KERNEL // 2, bias=False)
#: end
        self.bn1 = nn.BatchNorm2d(WIDTH)
        inputs = WIDTH
        for stage, blocks in enumerate(BLOCKS):
            layer = []
            for number in range(blocks):
                layer.append(Block(inputs, WIDTH << stage, 2 if stage > 0 and number == 0 else 1))
                inputs = EXPANSION * (WIDTH << stage)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))
#: if tells
        self.fc = nn.Linear(FEATURES, OUTPUTS)
#: end

    def features(self, x):
        """Normalized images [images, channels, height, width] to features [images, FEATURES]."""
        x = F.relu(self.bn1(self.conv1(x)))
#: if pooled
        x = F.max_pool2d(x, 3, 2, 1)
#: end
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3))
