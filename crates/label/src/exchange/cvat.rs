//! CVAT: `CVAT for images 1.1`, where an image's class is a tag.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use foretask_data::Range;
use foretask_experiment::Error;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::gathered::Gathered;
use super::request::{ExportRequest, Exported, ForeignLabels, LARGEST, write_text};

/// The file in a zip of annotations.
const ANNOTATIONS: &str = "annotations.xml";

pub(super) fn export(gathered: &Gathered, request: &ExportRequest<'_>) -> Result<Exported, Error> {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n");
    text += "  <meta>\n    <task>\n      <labels>\n";
    for class in &gathered.classes {
        let class = escaped(class);
        let _ = writeln!(text, "        <label><name>{class}</name><type>tag</type><attributes></attributes></label>");
    }
    text += "      </labels>\n    </task>\n  </meta>\n";
    for (id, entry) in gathered.entries.iter().enumerate() {
        let source =
            gathered.source(entry).ok_or_else(|| Error::input(format!("`{}` is no image here", entry.name)))?;
        // A picture that cannot be read has no size, and CVAT would not show it either.
        let Ok((_, (width, height))) = source.look_at(8, &Range::Auto) else { continue };
        let name = escaped(&entry.name);
        let _ = writeln!(text, "  <image id=\"{id}\" name=\"{name}\" width=\"{width}\" height=\"{height}\">");
        if let Some(label) = &entry.label {
            let _ = writeln!(text, "    <tag label=\"{}\" source=\"manual\"></tag>", escaped(label));
        }
        text += "  </image>\n";
    }
    text += "</annotations>\n";
    write_text(request.output, &text, request.overwrite)?;
    let (images, labeled) = gathered.counts();
    Ok(Exported { images, labeled, written: vec![request.output.to_owned()], notes: Vec::new() })
}

/// As text or in quotes of XML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            // XML has no place for others, not even escaped.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn import(path: &Path) -> Result<ForeignLabels, Error> {
    let wrong = |why: &str| Error::input(format!("`{}` is no export of CVAT: {why}", path.display()));
    let help = "export the task from CVAT as “CVAT for images 1.1”";
    let text = if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
        let bytes = foretask_files::read(path, LARGEST).map_err(|error| wrong(&error.to_string()).help(help))?;
        unpacked(bytes).map_err(|why| wrong(&why).help(help))?
    } else {
        super::request::text(path)?
    };
    read(&text).map_err(|why| wrong(&why).help(help))
}

fn unpacked(bytes: Vec<u8>) -> Result<String, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let part = archive.by_name(ANNOTATIONS).map_err(|_| format!("there is no {ANNOTATIONS} in it"))?;
    let mut text = String::new();
    let read = part.take(LARGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if read as u64 >= LARGEST { Err(format!("its {ANNOTATIONS} is too large")) } else { Ok(text) }
}

pub(super) fn read(text: &str) -> Result<ForeignLabels, String> {
    let mut reader = Reader::from_str(text);
    let mut found = ForeignLabels { what: "annotations of CVAT", ..ForeignLabels::default() };
    let mut current: Option<(String, Vec<String>)> = None;
    let (mut images, mut several, mut shapes) = (0, 0, 0);
    let mut close = |current: &mut Option<(String, Vec<String>)>, found: &mut ForeignLabels| {
        let Some((name, mut labels)) = current.take() else { return };
        labels.dedup();
        match labels.len() {
            0 => found.unlabeled += 1,
            1 => found.labels.push((name, labels.remove(0))),
            _ => several += 1,
        }
    };
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Eof => break,
            Event::Start(element) => match element.name().as_ref() {
                b"image" => {
                    images += 1;
                    current = Some((attribute(&reader, &element, "name")?, Vec::new()));
                }
                b"tag" => tag(&reader, &element, &mut current)?,
                b"box" | b"polygon" | b"polyline" | b"points" | b"mask" | b"ellipse" => shapes += 1,
                _ => {}
            },
            Event::Empty(element) => match element.name().as_ref() {
                b"image" => {
                    images += 1;
                    found.unlabeled += 1;
                    attribute(&reader, &element, "name")?;
                }
                b"tag" => tag(&reader, &element, &mut current)?,
                b"box" | b"polygon" | b"polyline" | b"points" | b"mask" | b"ellipse" => shapes += 1,
                _ => {}
            },
            Event::End(element) if element.name().as_ref() == b"image" => close(&mut current, &mut found),
            _ => {}
        }
    }
    if images == 0 {
        return Err("it names no image".to_owned());
    }
    if several > 0 {
        found.notes.push(format!("{several} images have several tags and are left out"));
    }
    if shapes > 0 {
        found.notes.push(format!("{shapes} shapes are left aside: only tags say of which class a whole image is"));
    }
    Ok(found)
}

fn tag(
    reader: &Reader<&[u8]>,
    element: &BytesStart<'_>,
    current: &mut Option<(String, Vec<String>)>,
) -> Result<(), String> {
    let label = attribute(reader, element, "label")?;
    if let Some((_, labels)) = current {
        labels.push(label);
    }
    Ok(())
}

fn attribute(reader: &Reader<&[u8]>, element: &BytesStart<'_>, name: &str) -> Result<String, String> {
    let found = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let what = String::from_utf8_lossy(element.name().as_ref()).into_owned();
    let found = found.ok_or_else(|| format!("an element <{what}> has no `{name}`"))?;
    found
        .decoded_and_normalized_value(XmlVersion::Implicit1_0, reader.decoder())
        .map(Cow::into_owned)
        .map_err(|error| error.to_string())
}
