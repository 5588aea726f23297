//! Axes: where a value lies, and which values are named.

use super::number::magnitude;

/// How values are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Evenly.
    Linear,
    /// By their logarithm; all must be above zero.
    Logarithmic,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As decimals.
    Plain,
    /// With a suffix, such as 5T.
    Magnitude,
    /// With a percent sign.
    Percent,
}

/// One axis of a panel.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What the values are, with their unit.
    pub label: String,
    /// The value at the beginning.
    pub low: f64,
    /// The value at the end.
    pub high: f64,
    /// How values are spaced.
    pub spacing: Spacing,
    /// How values are written.
    pub format: Format,
}

impl Axis {
    /// An axis over all of `values` with a little room at the ends. Values that cannot be drawn are not looked at.
    pub fn over(
        label: &str,
        spacing: Spacing,
        format: Format,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let place = |value: f64| match spacing {
            Spacing::Linear => value,
            Spacing::Logarithmic => value.ln(),
        };
        let places = values
            .into_iter()
            .map(place)
            .filter(|place| place.is_finite());
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| {
            (low.min(place), high.max(place))
        });
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        // A single value gets an axis around it.
        let room = (0.05 * (high - low)).max(1e-3 * low.abs()).max(1e-9);
        let back = |place: f64| match spacing {
            Spacing::Linear => place,
            Spacing::Logarithmic => place.exp(),
        };
        Self {
            label: label.to_owned(),
            low: back(low - room),
            high: back(high + room),
            spacing,
            format,
        }
    }

    /// The same axis, no longer than from `low` to `high`.
    pub fn within(mut self, low: f64, high: f64) -> Self {
        self.low = self.low.max(low);
        self.high = self.high.min(high);
        self
    }

    /// The same axis beginning at `low`.
    pub fn from(mut self, low: f64) -> Self {
        self.low = low;
        self
    }

    /// Where a value lies, from 0 at the beginning to 1 at the end; nothing if it has no place.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Logarithmic => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        place.is_finite().then_some(place)
    }

    /// The values that are named, about `count` of them.
    pub(super) fn ticks(&self, count: f64) -> Vec<f64> {
        match self.spacing {
            Spacing::Linear => self.even_ticks(count),
            Spacing::Logarithmic => self.decade_ticks(count),
        }
    }

    fn even_ticks(&self, count: f64) -> Vec<f64> {
        let rough = (self.high - self.low) / count;
        let decade = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
        let step = steps
            .iter()
            .map(|step| step * decade)
            .find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let first = (self.low / step).ceil();
        let ticks = (0..50).map(|index| (first + f64::from(index)) * step);
        // Adding zero makes a negative zero a plain one.
        ticks
            .take_while(|tick| *tick <= self.high + 1e-9 * step)
            .map(|tick| tick + 0.0)
            .collect()
    }

    fn decade_ticks(&self, count: f64) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let (marks, every): (&[f64], f64) = if decades > count {
            (&[1.0], (decades / count).ceil())
        } else if decades > 0.5 * count {
            (&[1.0], 1.0)
        } else if decades > 1.2 {
            (&[1.0, 3.0], 1.0)
        } else if decades > 0.5 {
            (&[1.0, 2.0, 5.0], 1.0)
        } else {
            return self.even_ticks(count);
        };
        let first = (self.low.log10() / every).floor() * every;
        let exponents = (0..100).map(|index| first + every * f64::from(index));
        let exponents = exponents.take_while(|exponent| *exponent <= self.high.log10());
        let ticks = exponents
            .flat_map(|exponent| marks.iter().map(move |mark| mark * 10_f64.powf(exponent)));
        let inside = ticks.filter(|tick| (self.low..=self.high).contains(tick));
        inside.collect()
    }

    /// How a tick is written; all ticks of an axis have the decimals that its steps need.
    pub(super) fn write(&self, tick: f64, ticks: &[f64]) -> String {
        let decimals = ticks.iter().map(|tick| decimals(*tick)).max().unwrap_or(0);
        match (self.format, self.spacing) {
            (Format::Magnitude, _) => magnitude(tick),
            (Format::Plain, Spacing::Linear) => format!("{tick:.decimals$}"),
            (Format::Percent, Spacing::Linear) => format!("{tick:.decimals$}%"),
            (Format::Plain, Spacing::Logarithmic) => short(tick),
            (Format::Percent, Spacing::Logarithmic) => format!("{}%", short(tick)),
        }
    }
}

/// The decimals, up to four, that a number needs.
fn decimals(value: f64) -> usize {
    let whole = |digits: i32| {
        let scaled = value * 10_f64.powi(digits);
        (scaled - scaled.round()).abs() < 1e-6
    };
    [0_usize, 1, 2, 3]
        .into_iter()
        .zip(0..)
        .find(|(_, digits)| whole(*digits))
        .map_or(4, |(n, _)| n)
}

/// A number with few digits, with an exponent where it is very small or large.
fn short(value: f64) -> String {
    if (1e-4..1e5).contains(&value.abs()) {
        let decimals = decimals(value);
        format!("{value:.decimals$}")
    } else {
        format!("{value:.0e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(spacing: Spacing, format: Format, low: f64, high: f64) -> Vec<String> {
        let axis = Axis {
            label: String::new(),
            low,
            high,
            spacing,
            format,
        };
        let ticks = axis.ticks(5.0);
        ticks.iter().map(|tick| axis.write(*tick, &ticks)).collect()
    }

    #[test]
    fn ticks_are_round_and_written_alike() {
        let linear = written(Spacing::Linear, Format::Plain, 0.62, 1.58);
        assert_eq!(linear, ["0.8", "1.0", "1.2", "1.4"]);
        let percent = written(Spacing::Linear, Format::Percent, -3.0, 47.0);
        assert_eq!(percent, ["0%", "10%", "20%", "30%", "40%"]);
        let tokens = written(Spacing::Logarithmic, Format::Magnitude, 3e9, 6e12);
        assert_eq!(tokens, ["10B", "100B", "1T"]);
        let narrow = written(Spacing::Logarithmic, Format::Plain, 0.8, 9.0);
        assert_eq!(narrow, ["1", "2", "5"]);
    }

    #[test]
    fn an_axis_over_nothing_or_one_value_can_be_drawn() {
        for values in [vec![], vec![0.0], vec![5.0], vec![f64::NAN, f64::INFINITY]] {
            for spacing in [Spacing::Linear, Spacing::Logarithmic] {
                let axis = Axis::over("x", spacing, Format::Plain, values.clone());
                assert!(axis.low < axis.high, "{axis:?}");
                assert!(axis.place(0.5 * (axis.low + axis.high)).is_some());
                assert!(axis.ticks(5.0).len() < 50);
            }
        }
    }

    #[test]
    fn values_without_a_place_have_none() {
        let axis = Axis::over("x", Spacing::Logarithmic, Format::Plain, [1.0, 10.0]);
        assert_eq!(axis.place(0.0), None);
        assert_eq!(axis.place(-1.0), None);
        assert_eq!(axis.place(f64::NAN), None);
    }
}
