//! Text from plans and data on an HTML page.

use std::fmt;

/// Writes text so that HTML shows it as it is.
pub(super) struct Escaped<'t>(pub &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn markup_is_shown_as_text() {
        assert_eq!(Escaped("<b a=\"1\">&'ü").to_string(), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;ü");
    }
}
