"""Saved models answer to images of any kind, in order, and say which they cannot use."""

from __future__ import annotations

from pathlib import Path

import drawn
import foretask
import pytest
from conftest import Done


@pytest.fixture
def classifier(there: Done, no_leftovers: None) -> foretask.Classifier:
    # Trained from scratch until it knows them, so that an answer out of its place is seen.
    return foretask.Classifier(there.run.weights["scratch-draw1"])


def test_answers_come_in_order(classifier: foretask.Classifier) -> None:
    paths = [f"photos/train/{kind}/{number}.png" for number in (7, 2) for kind in drawn.CLASSES]
    backwards = classifier.predict(paths[::-1])
    assert [one.path for one in backwards] == paths[::-1]
    assert classifier.predict(paths) == backwards[::-1]
    for one in backwards:
        assert one.error is None and one.label is not None
        assert one.confidence == one.scores[one.label] == max(one.scores.values())
        assert sum(one.scores.values()) == pytest.approx(1, abs=1e-5)
    assert len({one.confidence for one in backwards}) > 1


def test_a_folder_is_all_of_its_images(classifier: foretask.Classifier) -> None:
    found = [Path(one.path).as_posix() for one in classifier.predict("photos/test")]
    assert found == [f"photos/test/{kind}/{number}.png" for kind in drawn.CLASSES for number in range(6)]


def test_bad_images_keep_their_place(classifier: foretask.Classifier, there: Done) -> None:
    bad = there.place / "b): a [d]*.png"
    bad.write_text("no image", encoding="utf-8")
    good = "photos/test/down/0.png"
    before, broken, after, missing = classifier.predict([good, bad, good, "gone.png"])
    assert before == after and before.error is None
    assert broken.label is None and broken.path == str(bad)
    assert broken.error is not None and broken.error.startswith("not an image in a known format")
    assert missing.error is not None and "No such file" in missing.error


def test_each_of_many_bad_images_has_its_reason(classifier: foretask.Classifier, there: Done) -> None:
    bad = there.place / "bad.png"
    bad.write_text("no image", encoding="utf-8")
    images = [bad if number % 3 else "gone.png" for number in range(12)]
    for number, one in enumerate(classifier.predict(images)):
        assert one.error is not None
        assert one.error.startswith("not an image" if number % 3 else "cannot read"), one


def test_what_is_no_image_or_model_is_refused(classifier: foretask.Classifier, there: Done) -> None:
    assert classifier.predict([]) == []
    with pytest.raises(TypeError, match="7 is no image"):
        classifier.predict([7])  # type: ignore[list-item]
    with pytest.raises(FileNotFoundError, match="no model gone.safetensors"):
        foretask.Encoder("gone.safetensors")
    encoder = foretask.Classifier(there.run.weights["encoder-rotation"])
    with pytest.raises(foretask.Error) as caught:
        encoder.predict("photos/test/down/0.png")
    assert caught.value.message.startswith(f"{encoder.path} holds an encoder (")
    assert caught.value.code == 2 and caught.value.help is not None


def test_arrays_and_pictures_are_as_their_files(classifier: foretask.Classifier) -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.array(drawn.stripes("down", 0), dtype=numpy.uint8)
    (file,) = classifier.predict("photos/test/down/0.png")
    (one,) = classifier.predict(array)
    assert one._replace(path=file.path) == file and one.path == "image 0"
    several = [array, array[:, :, None], numpy.stack([array] * 3, axis=2), array.astype(numpy.uint16) * 257]
    several.append(array.astype(numpy.float32) / 255)
    for other in classifier.predict(several):
        assert other.label == file.label and other.confidence == pytest.approx(file.confidence, abs=0.02)
    assert len(classifier.predict(numpy.stack([array[:, :, None]] * 3))) == 3
    image = pytest.importorskip("PIL.Image")
    assert classifier.predict(image.fromarray(array)) == [one]
    assert classifier.predict([image.fromarray(array).convert("RGB")])[0].label == file.label


def test_features_have_a_row_for_each_image(classifier: foretask.Classifier, there: Done) -> None:
    numpy = pytest.importorskip("numpy")
    encoder = foretask.Encoder(there.run.weights["encoder-rotation"])
    down, bad, across = features = encoder.embed(["photos/test/down/0.png", "gone.png", "photos/test/across/0.png"])
    assert features.dtype == numpy.float32 and features.shape == (3, 32)
    assert numpy.isnan(bad).all() and numpy.isfinite(down).all() and (down != across).any()
    assert (encoder.embed("photos/test/across/0.png")[0] == across).all()
    assert classifier.embed("photos/test/across/0.png").shape == (1, 32)
    with pytest.raises(foretask.Error, match="gone.png: cannot read"):
        encoder.embed("gone.png")


def test_frames_of_answers(classifier: foretask.Classifier) -> None:
    images = ["photos/test/down/0.png", "gone.png"]
    first = classifier.predict(images)[0]
    pytest.importorskip("pandas")
    frame = classifier.predict_frame(images)
    assert list(frame["path"]) == images
    assert frame["p_down"][0] == first.scores["down"] and "cannot read" in frame["error"][1]


def test_polars_frames_of_answers(classifier: foretask.Classifier) -> None:
    pytest.importorskip("polars")
    frame = classifier.predict_frame("photos/test/down/0.png", "polars")
    assert frame["label"].to_list() == [classifier.predict("photos/test/down/0.png")[0].label]
