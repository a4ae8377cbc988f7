//! The elements of an XML file, one after the other.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Deeper files are refused.
const DEEPEST: usize = 64;

/// One element.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// Local names from the root down: `project/modules/module`.
    pub(super) path: String,
    /// Attributes, by local name, unescaped.
    pub(super) attributes: Vec<(String, String)>,
    /// Its own text, without space around it.
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }
}

/// All elements of `text`, in the order in which they begin.
pub(super) fn elements(text: &str) -> Result<Vec<Element>, String> {
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut found: Vec<Element> = Vec::new();
    // Indices of the open elements.
    let mut open: Vec<usize> = Vec::new();
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event();
        let mut say = |more: &str| {
            if let Some(element) = open.last().and_then(|&index| found.get_mut(index)) {
                element.text.push_str(more);
            }
        };
        match event.map_err(|error| format!("byte {at}: {error}"))? {
            Event::Start(start) => {
                let element = element(&start, parent(&open, &found));
                open.push(found.len());
                found.push(element);
                if open.len() > DEEPEST {
                    return Err(format!("byte {at}: nested too deeply"));
                }
            }
            Event::Empty(start) => found.push(element(&start, parent(&open, &found))),
            Event::End(_) => {
                if let Some(element) = open.pop().and_then(|index| found.get_mut(index)) {
                    element.text = element.text.trim().to_owned();
                }
            }
            Event::Text(text) => say(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => say(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", &*name);
                let known = quick_xml::escape::unescape(&entity);
                say(known.as_deref().unwrap_or(&entity));
            }
            Event::Eof if open.is_empty() && !found.is_empty() => return Ok(found),
            Event::Eof => return Err(format!("byte {at}: the file ends too early")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn parent<'a>(open: &[usize], found: &'a [Element]) -> &'a str {
    let parent = open.last().and_then(|&index| found.get(index));
    parent.map_or("", |parent| parent.path.as_str())
}

fn element(start: &BytesStart<'_>, parent: &str) -> Element {
    let name = local(start.name().as_ref()).to_owned();
    let attributes = start.attributes().flatten().map(|attribute| {
        let raw: &str = &attribute.value;
        let value = quick_xml::escape::unescape(raw);
        let value = value.map_or_else(|_| raw.to_owned(), |value| value.into_owned());
        (local(attribute.key.as_ref()).to_owned(), value)
    });
    Element {
        path: match parent {
            "" => name,
            parent => format!("{parent}/{name}"),
        },
        attributes: attributes.collect(),
        text: String::new(),
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
