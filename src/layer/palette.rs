//! Colours: sequences for classes, and one colour for each thing that is no number.
//!
//! The sequences are ColorBrewer's (Cynthia Brewer, Mark Harrower, The Pennsylvania State University; Apache-2.0), six classes each, of those that
//! colour-blind readers and grey print keep in order. Where the lightest of six is too near to paper, the six darker ones of seven are taken.

/// Six colours in order, as `#rrggbb`.
#[derive(Debug, PartialEq, Eq)]
pub struct Ramp {
    /// Its name in plans and legends.
    pub name: &'static str,
    /// Low to high.
    pub colors: [&'static str; 6],
    /// Whether the middle is the light end: for distances from a mean.
    pub diverging: bool,
}

impl Ramp {
    /// Yellow to green to blue: totals.
    pub const TOTAL: &'static Self = &Self::ALL[0];
    /// Brown to teal, for classes around the mean.
    pub const AROUND_MEAN: &'static Self = &Self::ALL[5];
    /// One after the other for the dimensions of a plan, so that a theme has one hue; sums come last.
    pub const THEMES: [&'static Self; 4] = [&Self::ALL[1], &Self::ALL[2], &Self::ALL[3], &Self::ALL[4]];
    /// All there are.
    pub const ALL: [Self; 6] = [
        sequence("ylgnbu", ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"]),
        sequence("ylorbr", ["#ffffd4", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#993404"]),
        sequence("greens", ["#c7e9c0", "#a1d99b", "#74c476", "#41ab5d", "#238b45", "#005a32"]),
        sequence("oranges", ["#fdd0a2", "#fdae6b", "#fd8d3c", "#f16913", "#d94801", "#8c2d04"]),
        sequence("blues", ["#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594"]),
        Self { name: "brbg", colors: ["#8c510a", "#d8b365", "#f6e8c3", "#c7eae5", "#5ab4ac", "#01665e"], diverging: true },
    ];

    /// The sequence of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|ramp| ramp.name == name)
    }

    /// The colour of one of `count` classes. Few classes take the whole range, so that low and high stay apart.
    pub fn color(&self, class: usize, count: usize) -> &'static str {
        let last = self.colors.len() - 1;
        if count < 2 { self.colors[2] } else { self.colors[(class * last / (count - 1)).min(last)] }
    }
}

const fn sequence(name: &'static str, colors: [&'static str; 6]) -> Ramp {
    Ramp { name, colors, diverging: false }
}

/// Nine colours for two numbers at once: sand, towards orange where the first is high, towards blue where the second is, dark where both are.
///
/// Our own, searched for by a computer: all nine, and what is no number on light and dark ground, differ for colour-blind readers too, and each has a grey
/// of its own in print.
#[derive(Debug)]
pub struct Square;

impl Square {
    /// By class of the first, then of the second number.
    const COLORS: [[&'static str; 3]; 3] =
        [["#f6ecb2", "#b7c2e3", "#1589fa"], ["#fecf84", "#aa998f", "#446592"], ["#eb9f43", "#90713e", "#465343"]];

    /// The colour of a class of the first and one of the second number, of as many as there are. Two classes are low and high.
    pub fn color(class: [usize; 2], count: [usize; 2]) -> &'static str {
        let at = |axis: usize| if count[axis] < 2 { 0 } else { (class[axis] * 2 / (count[axis] - 1)).min(2) };
        Self::COLORS[at(0)][at(1)]
    }

    /// All colours, by class of the first and of the second number.
    pub fn colors(count: [usize; 2]) -> Vec<Vec<&'static str>> {
        let row = |i: usize| (0..count[1]).map(|j| Self::color([i, j], count)).collect();
        (0..count[0]).map(row).collect()
    }
}

/// What is coloured beside classes, as `#rrggbb`.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Nobody lives here.
    pub zero: &'static str,
    /// Withheld: a grey violet that no class comes near. Where the format can, hatched with [`Palette::hatch`].
    pub suppressed: &'static str,
    /// The lines over what is withheld.
    pub hatch: &'static str,
    /// Laid over the class colour of an unreliable number.
    pub uncertain: &'static str,
    /// Outlines of areas.
    pub outline: &'static str,
    /// Names of areas.
    pub label: &'static str,
    /// Behind everything; what has no data shows it.
    pub background: &'static str,
}

impl Palette {
    /// On light ground.
    pub const DEFAULT: Self = Self {
        zero: "#e2dfd6",
        suppressed: "#cfc4d6",
        hatch: "#8d7a99",
        uncertain: "#ffffff",
        outline: "#4a4a55",
        label: "#26262e",
        background: "#f8f8f6",
    };
    /// On dark ground; classes keep their colours.
    pub const DARK: Self = Self {
        zero: "#3d3c38",
        suppressed: "#5c4f66",
        hatch: "#a294ad",
        uncertain: "#1d1f24",
        outline: "#c9c9d2",
        label: "#f2f2f5",
        background: "#1d1f24",
    };
    /// How opaque [`Palette::uncertain`] is.
    pub const UNCERTAIN_OPACITY: f64 = 0.45;
}

/// Red, green and blue of `#rrggbb`.
pub(crate) fn rgb(color: &str) -> [u8; 3] {
    let part = |at: usize| color.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).expect("colours are #rrggbb");
    [part(1), part(3), part(5)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen by all: nobody's deficiency, then protanopia, deuteranopia, tritanopia (Machado, Oliveira, Fernandes 2009, severity 1, linear RGB).
    const SEEN: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ];

    /// CIE L*a*b*, D65.
    fn lab(color: &str, seen: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = rgb(color)
            .map(|c| f64::from(c) / 255.0)
            .map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        let mix = |row: &[f64; 3]| row.iter().zip(linear).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0);
        let [r, g, b] = [mix(&seen[0]), mix(&seen[1]), mix(&seen[2])];
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
        let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
        let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn sequences_darken_in_grey_print_too() {
        for ramp in Ramp::ALL.iter().filter(|ramp| !ramp.diverging) {
            let lightness = ramp.colors.map(|color| lab(color, &SEEN[0])[0]);
            assert!(lightness.windows(2).all(|pair| pair[0] - pair[1] >= 6.0), "{}: {lightness:?}", ramp.name);
        }
    }

    #[test]
    fn neighbouring_classes_withheld_and_zero_are_told_apart_by_colour_blind_readers() {
        for ramp in &Ramp::ALL {
            for seen in &SEEN {
                let classes = ramp.colors.map(|color| lab(color, seen));
                assert!(classes.windows(2).all(|pair| apart(pair[0], pair[1]) > 6.5), "{}", ramp.name);
                for (color, least) in [(Palette::DEFAULT.suppressed, 5.5), (Palette::DEFAULT.zero, 4.5)] {
                    let nearest = classes.iter().map(|&class| apart(class, lab(color, seen))).fold(f64::MAX, f64::min);
                    assert!(nearest > least, "{}: {color} is {nearest} away", ramp.name);
                }
            }
        }
    }

    #[test]
    fn things_that_are_no_number_differ_on_both_grounds() {
        for palette in [Palette::DEFAULT, Palette::DARK] {
            for seen in &SEEN {
                let things = [palette.zero, palette.suppressed, palette.background].map(|color| lab(color, seen));
                for (i, j) in [(0, 1), (0, 2), (1, 2)] {
                    assert!(apart(things[i], things[j]) > 6.0, "{i} and {j}");
                }
            }
        }
    }

    #[test]
    fn nine_colours_of_two_numbers_are_told_apart_by_all_readers_and_in_grey_print() {
        let colors: Vec<&str> = Square::colors([3, 3]).concat();
        for seen in &SEEN {
            let nine: Vec<[f64; 3]> = colors.iter().map(|color| lab(color, seen)).collect();
            for (i, &a) in nine.iter().enumerate() {
                assert!(nine[..i].iter().all(|&b| apart(a, b) > 14.0), "{}", colors[i]);
                for palette in [Palette::DEFAULT, Palette::DARK] {
                    for thing in [palette.zero, palette.suppressed, palette.background] {
                        assert!(apart(a, lab(thing, seen)) > 9.0, "{} and {thing}", colors[i]);
                    }
                }
            }
        }
        let mut greys: Vec<f64> = colors.iter().map(|color| lab(color, &SEEN[0])[0]).collect();
        for (low, high) in [(0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8), (0, 3), (3, 6), (1, 4), (4, 7), (2, 5), (5, 8)] {
            assert!(greys[low] - greys[high] > 7.0, "more is darker: {} and {}", colors[low], colors[high]);
        }
        greys.sort_by(f64::total_cmp);
        assert!(greys.windows(2).all(|pair| pair[1] - pair[0] > 7.0), "{greys:?}");
    }

    #[test]
    fn few_classes_take_the_whole_range() {
        assert_eq!([0, 1, 2].map(|class| Ramp::TOTAL.color(class, 3)), ["#ffffcc", "#7fcdbb", "#253494"]);
        assert_eq!(Ramp::TOTAL.color(0, 1), "#7fcdbb");
    }
}
