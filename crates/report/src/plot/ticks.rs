//! Round numbers for axes.

/// An axis: its range, widened to round numbers, and the numbers to print.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<f64>,
    decimals: usize,
}

impl Axis {
    /// An axis over `low..=high` with about `target` steps of 1, 2 or 5 times a power of ten. `snug` keeps the range as
    /// given and only places ticks inside it.
    pub(crate) fn new(low: f64, high: f64, target: usize, snug: bool) -> Self {
        let (low, high) = if high > low { (low, high) } else { widen(low) };
        let raw = (high - low) / target.max(1) as f64;
        let power = 10f64.powf(raw.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= raw * 0.999).unwrap_or(raw);
        // Counting in steps keeps 0.1 + 0.2 from drifting.
        let (first, last) = if snug {
            ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor())
        } else {
            ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil())
        };
        let ticks: Vec<f64> = (0..=(last - first) as usize).map(|i| (first + i as f64) * step).collect();
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let (low, high) = if snug { (low, high) } else { (first * step, last * step) };
        Self { low, high, ticks, decimals }
    }

    /// Where a value lies, 0 at the low end and 1 at the high end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// A tick as text, all ticks with the same number of decimals.
    pub(crate) fn label(&self, tick: f64) -> String {
        if self.high.abs() >= 1e6 {
            return if tick == 0.0 { "0".into() } else { format!("{}M", tick / 1e6) };
        }
        if self.high.abs() >= 1e4 {
            return if tick == 0.0 { "0".into() } else { format!("{}k", tick / 1e3) };
        }
        let text = format!("{tick:.*}", self.decimals);
        if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
            return text.trim_start_matches('-').into();
        }
        text.replace('-', "−")
    }
}

fn widen(value: f64) -> (f64, f64) {
    let margin = if value == 0.0 { 1.0 } else { 0.1 * value.abs() };
    (value - margin, value + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        let axis = Axis::new(0.13, 0.87, 4, false);
        assert_eq!(
            axis.ticks.iter().map(|t| axis.label(*t)).collect::<Vec<_>>(),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!((axis.low, axis.high), (0.0, 1.0));
        assert_eq!(axis.place(0.5), 0.5);
        let axis = Axis::new(-3.2, 6.1, 4, false);
        assert_eq!(axis.ticks.iter().map(|t| axis.label(*t)).collect::<Vec<_>>(), ["−5", "0", "5", "10"]);
        let axis = Axis::new(0.0, 23_000.0, 4, true);
        assert_eq!(axis.ticks.iter().map(|t| axis.label(*t)).collect::<Vec<_>>(), ["0", "10k", "20k"]);
        assert_eq!(axis.high, 23_000.0);
    }

    #[test]
    fn a_single_value_still_makes_an_axis() {
        for value in [0.0, 5.0, -2.0, 1e-9, 1e12] {
            let axis = Axis::new(value, value, 4, false);
            assert!(axis.low < value && value < axis.high, "{axis:?}");
            assert!((2..20).contains(&axis.ticks.len()), "{axis:?}");
        }
    }
}
