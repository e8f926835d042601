"""Labels go to Label Studio, CVAT, FiftyOne, folders and the Hugging Face hub and come back, read and written by these programs' own libraries.

FiftyOne's importer and exporter are called without its database. Of CVAT's files `datumaro`, which CVAT uses itself, is the reader and writer.
Usage: other_programs.py FORETASK FOLDER
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

# What is said of each image; markup, letters beyond ASCII and a name that is there twice among it.
LABELS = {"a.png": "cat", "b & ü.png": "red fox & owl", "d.jpg": "dog", "sub/a.png": "cat"}
CLASSES = ["cat", "red fox & owl", "dog"]
OPEN = "c.png"


def said(pairs, of):
    expected = sorted(LABELS.items())
    found = sorted(pairs)
    if found != expected:
        sys.exit(f"{of}: {found} instead of {expected}")
    print(f"{of}: {len(found)} labels as they were")


def foretask(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"foretask {' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout


def as_table(file, of, flat=False):
    """What foretask reads in a file of another program."""
    table = Path(f"{of}.csv".replace(" ", "-"))
    foretask("labels", file, "-o", table, "--force")
    rows = [(row["path"], row["label"]) for row in csv.DictReader(table.open()) if row["label"]]
    if flat:
        # There files lie side by side, and the second `a.png` has another name.
        rows = [("sub/a.png" if name.removeprefix("data/") == "a-2.png" else name.removeprefix("data/"), label) for name, label in rows]
    said(rows, f"{of}, read by foretask")


def example():
    (Path("photos") / "sub").mkdir(parents=True)
    for tone, name in enumerate([*LABELS, OPEN]):
        Image.new("RGB", (32, 24), (tone * 40, 255 - tone * 40, 90)).save(Path("photos") / name)
    with open("labels.csv", "w") as table:
        table.write("path,label\n" + "".join(f"{name},{label}\n" for name, label in LABELS.items()))
    # The page takes labels over when it starts.
    page = subprocess.Popen([PROGRAM, "label", "photos", "--labels", "labels.csv", "--no-open", "--encoder", "none"], stdout=subprocess.PIPE, text=True)
    for line in page.stdout:
        if "http://" in line:
            break
    page.terminate()
    page.wait()


def hugging_face():
    from datasets import ClassLabel, Features, Dataset, load_dataset
    from datasets import Image as Picture

    foretask("labels", "photos", "--export", "hf", "-o", "hf.parquet")
    data = load_dataset("parquet", data_files="hf.parquet", cache_dir="cache")["train"]
    features = data.features
    if not isinstance(features["image"], Picture) or features["label"].names != CLASSES:
        sys.exit(f"Hugging Face: the features are {features}")
    sizes = {row["image"].size for row in data}
    assert sizes == {(32, 24)}, sizes
    names = [row["image"]["path"] for row in data.cast_column("image", Picture(decode=False))]
    said(zip(names, (features["label"].int2str(row["label"]) for row in data)), "Hugging Face, read by datasets")
    rows = {"image": [f"photos/{name}" for name in LABELS], "label": [CLASSES.index(label) for label in LABELS.values()]}
    Dataset.from_dict(rows, Features({"image": Picture(), "label": ClassLabel(names=CLASSES)})).to_parquet("theirs.parquet")
    told = foretask("describe", "theirs.parquet", "--json")
    counts = json.loads(told)
    assert "red fox & owl" in told, counts
    print("Hugging Face: foretask describes what datasets wrote")


def cvat():
    import datumaro

    foretask("labels", "photos", "--export", "cvat", "-o", "cvat.xml")
    os.makedirs("cvat")
    shutil.copy("cvat.xml", "cvat/annotations.xml")
    shutil.copytree("photos", "cvat/images")
    data = datumaro.Dataset.import_from("cvat", "cvat")
    names = [one.name for one in data.categories()[datumaro.AnnotationType.label]]
    ending = {os.path.splitext(name)[0]: name for name in LABELS}
    said(((ending[item.id], names[one.label]) for item in data for one in item.annotations), "CVAT, read by datumaro")
    items = [
        datumaro.DatasetItem(os.path.splitext(name)[0], media=datumaro.Image.from_file(path=f"photos/{name}"), annotations=[datumaro.Label(CLASSES.index(label))])
        for name, label in LABELS.items()
    ]
    datumaro.Dataset.from_iterable(items, categories=CLASSES).export("from-datumaro", "cvat", save_media=False)
    as_table("from-datumaro/default.xml", "CVAT")


def fiftyone():
    import fiftyone
    from fiftyone.utils.data.exporters import FiftyOneImageClassificationDatasetExporter as Exporter
    from fiftyone.utils.data.importers import FiftyOneImageClassificationDatasetImporter as Importer

    foretask("labels", "photos", "--export", "fiftyone", "-o", "fiftyone")
    importer = Importer(dataset_dir="fiftyone")
    importer.setup()
    name = lambda path: path.split("/data/")[-1].replace("sub-a.png", "sub/a.png")
    said(((name(path), label.label) for path, _, label in importer), "FiftyOne, read by its importer")
    with Exporter(export_dir="from-fiftyone", classes=CLASSES) as exporter:
        exporter.log_collection(None)
        for path, label in LABELS.items():
            exporter.export_sample(f"photos/{path}", fiftyone.Classification(label=label))
    as_table("from-fiftyone", "FiftyOne", flat=True)


def label_studio():
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface

    foretask("labels", "photos", "--export", "label-studio", "-o", "tasks.json")
    config = Path("tasks.xml").read_text()
    interface = LabelInterface(config)
    tasks = json.loads(Path("tasks.json").read_text())
    assert all(interface.validate_annotation(one) for task in tasks for one in task.get("annotations", []))
    # Numbers and moments are given by the server when tasks are imported.
    for number, task in enumerate(tasks):
        task["id"] = number + 1
        for one in task.get("annotations", []):
            one.update(id=100 + number, completed_by=1, created_at="2026-01-01T00:00:00Z", lead_time=1.0)
    Path("imported.json").write_text(json.dumps(tasks))
    Converter(config, project_dir=None).convert_to_json_min("imported.json", "from-label-studio", is_dir=False)
    rows = json.loads(Path("from-label-studio/result.json").read_text())
    said(((row["foretask"], row["choice"]) for row in rows if "choice" in row), "Label Studio, converted by its SDK")
    as_table("from-label-studio/result.json", "Label Studio")
    as_table("imported.json", "Label Studio in full")


def folders():
    import datumaro

    foretask("labels", "photos", "--export", "folders", "-o", "folders")
    data = datumaro.Dataset.import_from("folders", "imagenet")
    names = [one.name for one in data.categories()[datumaro.AnnotationType.label]]
    pairs = []
    for item in data:
        stem = item.id.split(":")[-1]
        name = {"a": "a.png", "sub-a": "sub/a.png", "d": "d.jpg"}.get(stem, f"{stem}.png")
        pairs += [(name, names[one.label]) for one in item.annotations]
    said(pairs, "folders, read by datumaro")


PROGRAM = os.path.abspath(sys.argv[1])
shutil.rmtree(sys.argv[2], ignore_errors=True)
os.makedirs(sys.argv[2])
os.chdir(sys.argv[2])
example()
for program in (label_studio, cvat, fiftyone, folders, hugging_face):
    program()
