"""Images as the program reads them: paths stay where they are, others become files for a while."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any, Iterable, Iterator, List, NamedTuple, Union

if TYPE_CHECKING:
    import numpy
    import PIL.Image

Image = Union[str, "os.PathLike[str]", "PIL.Image.Image", "numpy.ndarray[Any, Any]"]
Images = Union[Image, Iterable[Image]]

# What the program reads, by ending; in a folder, other files are no images.
_ENDINGS = (
    ".png .jpg .jpeg .jfif .webp .bmp .gif .tif .tiff .pnm .pbm .pgm .ppm .npy .npz .heic .heif .avif .dcm"
).split()


class Given(NamedTuple):
    """Images in order, and the table by which the program finds them."""

    paths: List[str]
    names: List[str]
    folder: str

    def table(self, rows: List[int], name: str) -> str:
        """Writes the table of some of them."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps({"path": self.paths[row]}) + "\n")
        return path


@contextlib.contextmanager
def given(images: Images) -> Iterator[Given]:
    """Raises: TypeError for what is no image."""
    with tempfile.TemporaryDirectory(prefix="foretask-") as folder:
        paths: List[str] = []
        names: List[str] = []
        for number, image in enumerate(_flat(images)):
            path = _path(image, number, folder)
            paths.append(os.path.abspath(path))
            names.append(path if isinstance(image, (str, os.PathLike)) else f"image {number}")
        yield Given(paths, names, folder)


def _flat(images: Images) -> Iterator[Image]:
    if isinstance(images, (str, os.PathLike)):
        yield from _in_folder(os.fspath(images)) if os.path.isdir(images) else [images]
    elif _is_one(images):
        yield images  # type: ignore[misc]
    elif isinstance(images, Iterable):
        for image in images:
            yield from _flat(image)
    else:
        raise TypeError(f"{images!r} is no image: give a path, a folder, a PIL image, a numpy array, or several of these")


def _is_one(image: Any) -> bool:
    """Whether it is a PIL image or an array of one image; an array of four dimensions holds several."""
    return _is_pil(image) or (_is_array(image) and len(image.shape) < 4)


def _is_pil(image: Any) -> bool:
    return hasattr(type(image), "getbands") and hasattr(type(image), "save")


def _is_array(image: Any) -> bool:
    return hasattr(type(image), "__array_interface__") and hasattr(type(image), "shape")


def _in_folder(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in _ENDINGS:
                yield os.path.join(place, name)


def _path(image: Any, number: int, folder: str) -> str:
    if isinstance(image, (str, os.PathLike)):
        return os.fspath(image)
    if _is_pil(image):
        # PNG keeps what it knows of; TIFF knows the others (CMYK, floats).
        ending = "png" if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16") else "tif"
        path = os.path.join(folder, f"{number}.{ending}")
        image.save(path)
        return path
    import numpy

    path = os.path.join(folder, f"{number}.npy")
    numpy.save(path, numpy.ascontiguousarray(image), allow_pickle=False)
    return path
