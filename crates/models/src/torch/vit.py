#: if scaled
class LayerScale(nn.Module):
    """A learned factor a channel."""

    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((WIDTH,), 1e-5))

    def forward(self, x):
        return x * self.gamma


#: end
#: if turns
def turn(rows, columns):
    """Cosines and sines by which queries and keys of each token are turned, as DINOv3 has it: [tokens, numbers of a head]."""
    quarter = WIDTH // HEADS // 4
    periods = 100.0 ** (torch.arange(quarter, dtype=torch.float64) / quarter)
    places = [2 * (torch.arange(side, dtype=torch.float64) + 0.5) / side - 1 for side in (rows, columns)]
    y, x = (place.flatten()[:, None] * 2 * torch.pi / periods for place in torch.meshgrid(*places, indexing="ij"))
    angles = torch.cat([y, x, y, x], 1)
    angles = F.pad(angles, (0, 0, LEADING, 0))
    return angles.cos().float(), angles.sin().float()


def turned(x, cosines, sines):
    first, second = x.chunk(2, -1)
    return x * cosines + torch.cat([-second, first], -1) * sines


#: end
#: if sines
def sines(rows, columns):
    """Sines and cosines of column and row for each patch, as MAE has it: [1, patches, WIDTH]."""
    quarter = WIDTH // 4
    periods = 10000.0 ** (torch.arange(quarter, dtype=torch.float64) / quarter)
    places = [torch.arange(side, dtype=torch.float64) for side in (rows, columns)]
    y, x = (place.flatten()[:, None] / periods for place in torch.meshgrid(*places, indexing="ij"))
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], 1)[None].float()


#: end
class Attention(nn.Module):
    """Attention of several heads between all tokens."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

#: if turns
    def forward(self, x, how):
        # Keys have no bias, whatever is stored.
        queries, keys, values = self.qkv.bias.chunk(3)
        x = F.linear(x, self.qkv.weight, torch.cat([queries, torch.zeros_like(keys), values]))
        queries, keys, values = x.unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        queries, keys = turned(queries, *how), turned(keys, *how)
#: else
    def forward(self, x):
        queries, keys, values = self.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
#: end
        x = F.scaled_dot_product_attention(queries, keys, values)
        return self.proj(x.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """A perceptron for each token."""

    def __init__(self):
        super().__init__()
#: if gated
        self.fc1 = nn.Linear(WIDTH, 2 * HIDDEN)
#: else
        self.fc1 = nn.Linear(WIDTH, HIDDEN)
#: end
        self.fc2 = nn.Linear(HIDDEN, WIDTH)

    def forward(self, x):
#: if gated
        gates, x = self.fc1(x).chunk(2, -1)
        return self.fc2(F.silu(gates) * x)
#: else
        return self.fc2(F.gelu(self.fc1(x)))
#: end


class Block(nn.Module):
    """Attention, then the perceptron, each with a norm before it and a shortcut around it."""

    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.mlp = Mlp()
#: if scaled
        self.ls1 = LayerScale()
        self.ls2 = LayerScale()
#: else
        self.ls1 = self.ls2 = nn.Identity()
#: end

#: if turns
    def forward(self, x, how):
        x = x + self.ls1(self.attn(self.norm1(x), how))
#: else
    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
#: end
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    """From pixels to tokens."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(CHANNELS, WIDTH, PATCH, PATCH)

    def forward(self, x):
        rows, columns = x.shape[2:]
        # Zeros, the mean color, fill up the last patches.
        return self.proj(F.pad(x, (0, -columns % PATCH, 0, -rows % PATCH)))


class Network(nn.Module):
    """A vision transformer; its parts are called as timm calls them."""

    def __init__(self):
        super().__init__()
#: if class
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
#: end
#: if registers
        self.reg_token = nn.Parameter(torch.zeros(1, REGISTERS, WIDTH))
#: end
#: if learned
        self.pos_embed = nn.Parameter(torch.zeros(1, PLACED + GRID[0] * GRID[1], WIDTH))
#: end
        self.patch_embed = PatchEmbed()
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
#: if tells
        self.head = nn.Linear(FEATURES, OUTPUTS)
#: end

#: if learned
    def positions(self, rows, columns):
        """The patches' learned positions, brought to this grid: [1, patches, WIDTH]."""
        own = self.pos_embed[:, PLACED:]
        if (rows, columns) == GRID:
            return own
        own = own.unflatten(1, GRID).permute(0, 3, 1, 2)
        return F.interpolate(own, (rows, columns), mode="bilinear").flatten(2).transpose(1, 2)

#: end
    def features(self, x):
        """Normalized images [images, channels, height, width] to features [images, FEATURES]."""
        x = self.patch_embed(x)
        rows, columns = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)
#: if learned
        x = x + self.positions(rows, columns)
#: end
#: if sines
        x = x + sines(rows, columns).to(x)
#: end
        leading = []
#: if class
        token = self.cls_token
#: if learned
        token = token + self.pos_embed[:, :1]
#: end
        leading.append(token.expand(len(x), -1, -1))
#: end
#: if registers
        leading.append(self.reg_token.expand(len(x), -1, -1))
#: end
        x = torch.cat([*leading, x], 1)
#: if turns
        how = [part.to(x) for part in turn(rows, columns)]
        for block in self.blocks:
            x = block(x, how)
#: else
        for block in self.blocks:
            x = block(x)
#: end
        x = self.norm(x)
#: if both
        return torch.cat([x[:, 0], x[:, LEADING:].mean(1)], 1)
#: else
#: if mean
        return x[:, LEADING:].mean(1)
#: else
        return x[:, 0]
#: end
#: end
