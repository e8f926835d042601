class Same(nn.Conv2d):
    """A convolution with zeros around its input as TensorFlow has them: as many as the stride needs, an odd one below and beside."""

    def forward(self, x):
        zeros = []
        for side, kernel, stride in zip(x.shape[:1:-1], self.kernel_size, self.stride):
            needed = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            zeros += [needed // 2, needed - needed // 2]
        return super().forward(F.pad(x, zeros))


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


class Separable(nn.Module):
    """A depthwise convolution and a 1x1."""

    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv_dw = Same(inputs, inputs, kernel, stride, groups=inputs, bias=False)
        self.bn1 = norm(inputs)
        self.conv_pw = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = norm(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))
        return x + y if self.residual else y


class Inverted(nn.Module):
    """A 1x1 convolution to many channels, a depthwise one with the stride, a 1x1 to few."""

    def __init__(self, inputs, outputs, expansion, kernel, stride):
        super().__init__()
        inner = expansion * inputs
        self.conv_pw = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = norm(inner)
        self.conv_dw = Same(inner, inner, kernel, stride, groups=inner, bias=False)
        self.bn2 = norm(inner)
        self.conv_pwl = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = norm(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = F.relu6(self.bn1(self.conv_pw(x)))
        y = self.bn3(self.conv_pwl(F.relu6(self.bn2(self.conv_dw(y)))))
        return x + y if self.residual else y


class Network(nn.Module):
    """EfficientNet-Lite0; its parts are called as timm calls them."""

    def __init__(self):
        super().__init__()
        self.conv_stem = Same(CHANNELS, STEM, 3, 2, bias=False)
        self.bn1 = norm(STEM)
        inputs, stages = STEM, []
        for blocks, kernel, stride, expansion, outputs in STAGES:
            stage = []
            for number in range(blocks):
                step = stride if number == 0 else 1
                if expansion == 1:
                    stage.append(Separable(inputs, outputs, kernel, step))
                else:
                    stage.append(Inverted(inputs, outputs, expansion, kernel, step))
                inputs = outputs
            stages.append(nn.Sequential(*stage))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = nn.Conv2d(inputs, FEATURES, 1, bias=False)
        self.bn2 = norm(FEATURES)
#: if tells
        self.classifier = nn.Linear(FEATURES, OUTPUTS)
#: end

    def features(self, x):
        """Normalized images [images, channels, height, width] to features [images, FEATURES]."""
        x = self.blocks(F.relu6(self.bn1(self.conv_stem(x))))
        return F.relu6(self.bn2(self.conv_head(x))).mean((2, 3))
