//! What files call their channels.

use std::collections::BTreeMap;

use super::{ifd::Ifd, tag};

/// Names of bands by their number from 0, as GDAL writes them:
/// `<Item name="DESCRIPTION" sample="3" role="description">nir</Item>`.
pub(super) fn of_bands(ifd: &Ifd, bytes: &[u8]) -> BTreeMap<usize, String> {
    let xml = ifd.text(bytes, tag::GDAL_METADATA).unwrap_or_default();
    let items = xml.split("<Item ").skip(1).filter_map(|item| {
        let (attributes, rest) = item.split_once('>')?;
        (attribute(attributes, "name")? == "DESCRIPTION").then_some(())?;
        let sample = attribute(attributes, "sample")?.parse().ok()?;
        Some((sample, unescaped(rest.split("</Item").next()?)))
    });
    items.filter(|(_, name)| !name.is_empty()).collect()
}

/// Names of pages, from 0: those that each has, or those of the channels that files of microscopes describe.
pub(super) fn of_pages(pages: &[Ifd], bytes: &[u8]) -> Vec<String> {
    let own: Vec<String> = pages.iter().map(|page| page.text(bytes, tag::PAGE_NAME).unwrap_or_default()).collect();
    if own.iter().any(|name| !name.is_empty()) {
        return own;
    }
    let xml = pages.first().and_then(|first| first.text(bytes, tag::DESCRIPTION)).unwrap_or_default();
    let channels = xml.split("<Channel ").skip(1).map(|channel| {
        let attributes = channel.split('>').next().unwrap_or_default();
        attribute(attributes, "Name").map(unescaped).unwrap_or_default()
    });
    let names: Vec<String> = channels.collect();
    // Of stacks in time or depth a page is no channel.
    if names.len() == pages.len() { names } else { own }
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let at = attributes.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = attributes[..at].chars().next_back();
        before.is_none_or(char::is_whitespace) && attributes[at + name.len()..].trim_start().starts_with('=')
    })?;
    let value = attributes[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next()
}

fn unescaped(text: &str) -> String {
    let text = text.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_whole() {
        let attributes = r#"name="DESCRIPTION" sample = '3' role="description""#;
        assert_eq!(attribute(attributes, "name"), Some("DESCRIPTION"));
        assert_eq!(attribute(attributes, "sample"), Some("3"));
        assert_eq!((attribute(attributes, "ample"), attribute(attributes, "unit")), (None, None));
        assert_eq!(unescaped(" near &lt;IR&gt; &amp; \n"), "near <IR> &");
    }
}
