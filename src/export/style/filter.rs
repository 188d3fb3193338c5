//! Conditions on attributes, in the two languages that styles have: QGIS expressions and OGC filters.

use crate::export::style::xml;

/// A number to compare.
#[derive(Clone, Debug)]
pub(super) enum Term {
    /// The attribute.
    Field(String),
    /// The attribute, so many times.
    Times(i64, String),
    /// This number.
    Number(i64),
}

/// How to compare.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    AtLeast,
    Below,
}

/// A condition. An attribute without a value meets none.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// The attribute is this text.
    Text(String, &'static str),
    Number(Term, Comparison, Term),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Filter {
    /// All of several; of one alone itself.
    pub(super) fn all(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) }
    }

    /// Any of several; of one alone itself.
    pub(super) fn any(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::Any(parts) }
    }

    /// As a QGIS expression.
    pub(super) fn to_qgis(&self) -> String {
        let joined = |parts: &[Self], word: &str| match parts {
            [one] => one.to_qgis(),
            parts => parts.iter().map(|part| format!("({})", part.to_qgis())).collect::<Vec<_>>().join(word),
        };
        match self {
            Self::Text(field, text) => format!("{} = '{text}'", quoted(field)),
            Self::Number(a, comparison, b) => format!("{} {} {}", a.to_qgis(), comparison.sign(), b.to_qgis()),
            Self::All(parts) => joined(parts, " AND "),
            Self::Any(parts) => joined(parts, " OR "),
        }
    }

    /// As an element of OGC Filter Encoding 1.1.
    pub(super) fn to_ogc(&self) -> String {
        let joined = |parts: &[Self], name: &str| match parts {
            [one] => one.to_ogc(),
            parts => format!("<ogc:{name}>{}</ogc:{name}>", parts.iter().map(Self::to_ogc).collect::<String>()),
        };
        match self {
            Self::Text(field, text) => {
                let field = Term::Field(field.clone()).to_ogc();
                format!("<ogc:PropertyIsEqualTo>{field}<ogc:Literal>{text}</ogc:Literal></ogc:PropertyIsEqualTo>")
            }
            Self::Number(a, comparison, b) => {
                let name = comparison.ogc();
                format!("<ogc:{name}>{}{}</ogc:{name}>", a.to_ogc(), b.to_ogc())
            }
            Self::All(parts) => joined(parts, "And"),
            Self::Any(parts) => joined(parts, "Or"),
        }
    }
}

impl Term {
    fn to_qgis(&self) -> String {
        match self {
            Self::Field(field) => quoted(field),
            Self::Times(times, field) => format!("{times} * {}", quoted(field)),
            Self::Number(number) => number.to_string(),
        }
    }

    fn to_ogc(&self) -> String {
        let field = |field: &String| format!("<ogc:PropertyName>{}</ogc:PropertyName>", xml(field));
        match self {
            Self::Field(name) => field(name),
            Self::Times(times, name) => format!("<ogc:Mul><ogc:Literal>{times}</ogc:Literal>{}</ogc:Mul>", field(name)),
            Self::Number(number) => format!("<ogc:Literal>{number}</ogc:Literal>"),
        }
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "<>",
            Self::AtLeast => ">=",
            Self::Below => "<",
        }
    }

    fn ogc(self) -> &'static str {
        match self {
            Self::Equal => "PropertyIsEqualTo",
            Self::Unequal => "PropertyIsNotEqualTo",
            Self::AtLeast => "PropertyIsGreaterThanOrEqualTo",
            Self::Below => "PropertyIsLessThan",
        }
    }
}

/// An attribute's name as QGIS takes it.
pub(super) fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same() {
        let at_least = Filter::Number(Term::Times(1000, "a".into()), Comparison::AtLeast, Term::Times(5, "total".into()));
        let filter = Filter::All(vec![Filter::Number(Term::Field("a".into()), Comparison::Unequal, Term::Number(0)), at_least]);
        assert_eq!(filter.to_qgis(), r#"("a" <> 0) AND (1000 * "a" >= 5 * "total")"#);
        let ogc = filter.to_ogc();
        assert!(ogc.starts_with("<ogc:And><ogc:PropertyIsNotEqualTo><ogc:PropertyName>a</ogc:PropertyName>"), "{ogc}");
        assert!(
            ogc.contains("<ogc:Mul><ogc:Literal>1000</ogc:Literal><ogc:PropertyName>a</ogc:PropertyName></ogc:Mul>"),
            "{ogc}"
        );
    }
}
