#: if photographs
def values(path):
    """An image file as numbers from 0 to 255, [channels, height, width]: as its orientation says, on white where it is transparent."""
    image = Image.open(path)
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{path}: has more than 8 bits, and the network learned from images of 8")
    image = ImageOps.exif_transpose(image)
    if "A" in image.getbands() or "transparency" in image.info:
        pixels = numpy.asarray(image.convert("RGBA"), dtype=numpy.uint32)
        colors, alpha = pixels[..., :3], pixels[..., 3:]
        image = Image.fromarray(((colors * alpha + 255 * (255 - alpha) + 127) // 255).astype(numpy.uint8))
#: if gray
    return numpy.asarray(image.convert("RGB").convert("L"))[numpy.newaxis]
#: else
    return numpy.asarray(image.convert("RGB")).transpose(2, 0, 1)
#: end


def planes(path):
    """An image file as numbers from 0 (black) to 1 (white), [channels, height, width], in the size of the input."""
    image = fitted(values(path).astype(numpy.float32) / 255)
#: if crop
    return image
#: else
    # Bytes stay bytes.
    return numpy.floor(image * 255 + 0.5) / numpy.float32(255)
#: end
#: else
def values(path):
    """A file's own numbers, [channels, height, width]: an array that numpy.save wrote, [height, width] or [height, width, channels],
    of the channels that were learned from, or a gray image that Pillow opens."""
    if str(path).endswith(".npy"):
        found = numpy.load(path)
    else:
        image = Image.open(path)
        if len(image.getbands()) > 1 or image.mode in ("1", "P"):
            raise ValueError(f"{path}: Pillow may change its numbers; save them with numpy.save")
        found = numpy.asarray(ImageOps.exif_transpose(image))
    if found.ndim == 2:
        found = found[..., numpy.newaxis]
    if found.ndim != 3:
        raise ValueError(f"{path}: has the shape {found.shape}, not [height, width, channels]")
    first, second, third = found.shape
    if not (first < second and first < third):
        found = found.transpose(2, 0, 1)
    if len(found) != INPUT["channels"]:
        raise ValueError(f"{path}: has {len(found)} channels, and the network learned from {INPUT['channels']}")
    return found


def planes(path):
    """A file as numbers from 0 (black) to 1 (white), [channels, height, width], in the size of the input."""
    found = values(path)
    floats = found.dtype.kind == "f"
#: if pairs
    black, white = numpy.array(RANGE).T[:, :, numpy.newaxis, numpy.newaxis]
#: end
#: if whites
    full = {"uint8": 255, "int8": 127, "int16": 32767}.get(str(found.dtype), 65535)
    black, white = 0, 255 if full == 255 else WHITE["floats"] if floats else WHITE["words"].get(full)
    if white is None:
        raise ValueError(f"{path}: holds {found.dtype}, and the network learned from others, so that nothing says what is white")
#: end
#: if open
    if not floats:
        raise ValueError(f"{path}: holds {found.dtype}; which of them are black and white is for you to say: save floats from 0 to 1")
    black, white = 0, 1
#: end
    share = numpy.nan_to_num(numpy.clip((found.astype(numpy.float64) - black) / (white - black), 0, 1))
    if not floats:
        # They are kept in 16 bits.
        share = numpy.floor(share * 65535 + 0.5) / 65535
    return fitted(share.astype(numpy.float32))
#: end


def resized(image, size, box=None):
    """Planes in another (width, height), bilinear, smoothed where they become smaller, and not rounded."""
    each = [Image.fromarray(plane) for plane in numpy.ascontiguousarray(image)]
    return numpy.stack([numpy.asarray(plane.resize(size, Image.Resampling.BILINEAR, box=box)) for plane in each])


def fitted(image):
    """Planes in the size of the input."""
    height, width = INPUT["height"], INPUT["width"]
    rows, columns = image.shape[1:]
    if (rows, columns) == (height, width):
        return image
#: if crop
    # The shorter side fits, and the middle is cut out, in one step.
    scale = min(columns / width, rows / height)
    left, above = max((columns - width * scale) / 2, 0), max((rows - height * scale) / 2, 0)
    box = left, above, min(left + width * scale, columns), min(above + height * scale, rows)
    return resized(image, (width, height), box)
#: end
#: if pad
    # The longer side fits, and the mean color is around.
    scale = min(width / columns, height / rows)
    wide, high = (min(max(int(side * scale + 0.5), 1), most) for side, most in ((columns, width), (rows, height)))
    left, above = (width - wide) // 2, (height - high) // 2
    whole = numpy.float32(INPUT["mean"])[:, numpy.newaxis, numpy.newaxis] + numpy.zeros((1, height, width), numpy.float32)
    whole[:, above : above + high, left : left + wide] = resized(image, (wide, high))
    return whole
#: end
#: if stretch
    return resized(image, (width, height))
#: end


def tensor(paths):
    """Files as the network takes them: normalized, [images, channels, height, width]."""
    mean, std = (torch.tensor(INPUT[name])[:, None, None] for name in ("mean", "std"))
    return (torch.from_numpy(numpy.stack([planes(path) for path in paths])) - mean) / std
