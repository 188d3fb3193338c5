//! Well-known text as a tree: `KEYWORD["text", 1.5, WORD, CHILD[…]]`.
//!
//! Source: OGC 18-010r7 (WKT 2), §6; the older dialects (OGC 01-009, ESRI) have the same grammar.

use crate::geodesy::error::GeodesyError;

/// One item between the brackets.
#[derive(Debug)]
pub(super) enum Item {
    Text(String),
    Number(f64),
    Node(Node),
}

/// A keyword, in upper case, and its items. A word without brackets is a node without items.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) keyword: String,
    pub(super) items: Vec<Item>,
}

/// Deeper than any system nests; guards the recursion against hostile files.
const DEEPEST: usize = 40;

impl Node {
    /// Reads a whole text.
    pub(super) fn read(text: &str) -> Result<Self, GeodesyError> {
        let mut reader = Reader { rest: text, last: String::from("start") };
        let node = reader.node(0)?;
        reader.skip_space();
        if reader.rest.is_empty() { Ok(node) } else { Err(reader.broken()) }
    }

    /// The children with one of the keywords.
    pub(super) fn children<'a>(&'a self, keywords: &'a [&'a str]) -> impl Iterator<Item = &'a Self> {
        self.nodes().filter(|node| keywords.contains(&node.keyword.as_str()))
    }

    /// The first child with one of the keywords.
    pub(super) fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.nodes().find(|node| keywords.contains(&node.keyword.as_str()))
    }

    fn nodes(&self) -> impl Iterator<Item = &Self> {
        self.items.iter().filter_map(|item| match item {
            Item::Node(node) => Some(node),
            _ => None,
        })
    }

    /// The first text: its name.
    pub(super) fn name(&self) -> &str {
        let text = self.items.iter().find_map(|item| match item {
            Item::Text(text) => Some(text.as_str()),
            _ => None,
        });
        text.unwrap_or("")
    }

    /// The n-th number.
    pub(super) fn number(&self, n: usize) -> Option<f64> {
        let numbers = self.items.iter().filter_map(|item| match item {
            Item::Number(number) => Some(*number),
            _ => None,
        });
        numbers.into_iter().nth(n)
    }

    /// The EPSG code that the node itself carries: `AUTHORITY["EPSG","25832"]`, without quotes in some files, `ID["EPSG",25832]`.
    pub(super) fn epsg(&self) -> Option<u32> {
        let authority = self.children(&["AUTHORITY", "ID"]).find(|node| node.name().eq_ignore_ascii_case("EPSG"))?;
        match authority.items.get(1)? {
            Item::Text(code) => code.trim().parse().ok(),
            Item::Number(code) => (*code >= 0.0 && code.fract() == 0.0 && *code < 1e9).then_some(*code as u32),
            Item::Node(_) => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    last: String,
}

impl Reader<'_> {
    fn broken(&self) -> GeodesyError {
        GeodesyError::BrokenWkt { keyword: self.last.clone() }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take_if(&mut self, wanted: &[char]) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node, GeodesyError> {
        self.skip_space();
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let keyword = self.rest[..end].to_ascii_uppercase();
        if keyword.is_empty() || depth > DEEPEST {
            return Err(self.broken());
        }
        self.rest = &self.rest[end..];
        self.last.clone_from(&keyword);
        let mut items = Vec::new();
        if self.take_if(&['[', '(']) {
            loop {
                items.push(self.item(depth)?);
                if self.take_if(&[']', ')']) {
                    break;
                }
                if !self.take_if(&[',']) {
                    return Err(self.broken());
                }
            }
        }
        Ok(Node { keyword, items })
    }

    fn item(&mut self, depth: usize) -> Result<Item, GeodesyError> {
        self.skip_space();
        if self.take_if(&['"']) {
            let mut text = String::new();
            loop {
                let end = self.rest.find('"').ok_or_else(|| self.broken())?;
                text.push_str(&self.rest[..end]);
                self.rest = &self.rest[end + 1..];
                // A doubled quote stands for one.
                match self.rest.strip_prefix('"') {
                    Some(rest) => {
                        text.push('"');
                        self.rest = rest;
                    }
                    None => return Ok(Item::Text(text)),
                }
            }
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            let end = self.rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')));
            let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            let number = number.parse().map_err(|_| self.broken())?;
            self.rest = rest;
            return Ok(Item::Number(number));
        }
        self.node(depth + 1).map(Item::Node)
    }
}
