//! Which strategies a run uses: the list that `--strategies` takes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::operators::{all, family};

/// A choice of strategies.
///
/// A list, separated by commas, of names (`func_pm_op_swap` or `op_swap`), families (`op`), beginnings
/// (`op_*`) and `all`; with a `-` in front an item is taken out again. A list of exclusions only starts
/// from all. The order of the list does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(BTreeSet<u16>);

/// A strategy that does not exist.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no strategy or family `{item}`{}; `all` takes every one, docs/STRATEGIES.md lists them", hint(.near))]
pub struct UnknownStrategy {
    /// What was asked for.
    pub item: String,
    /// Names that are close to it.
    pub near: Vec<String>,
}

fn hint(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!(" (did you mean {}?)", near.join(" or "))
    }
}

impl Selection {
    /// Every strategy.
    pub fn all() -> Self {
        Self((0..).take(all().len()).collect())
    }

    /// The chosen names, in registry order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|place| all()[usize::from(*place)].name())
    }

    /// Places in the registry.
    pub(crate) fn places(&self) -> Vec<u16> {
        self.0.iter().copied().collect()
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::all()
    }
}

impl FromStr for Selection {
    type Err = UnknownStrategy;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let (mut chosen, mut excluded, mut chooses) = (BTreeSet::new(), BTreeSet::new(), false);
        for item in list
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            if let Some(item) = item.strip_prefix('-') {
                excluded.extend(matching(item)?);
            } else {
                chooses = true;
                chosen.extend(matching(item)?);
            }
        }
        if !chooses {
            chosen = Self::all().0;
        }
        Ok(Self(chosen.difference(&excluded).copied().collect()))
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return formatter.write_str("all");
        }
        formatter.write_str(&self.names().collect::<Vec<_>>().join(","))
    }
}

fn matching(item: &str) -> Result<Vec<u16>, UnknownStrategy> {
    let fits = |name: &str| {
        let short = short(name);
        match item.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning) || short.starts_with(beginning),
            None => item == "all" || item == name || item == short || item == family(name),
        }
    };
    let found: Vec<u16> = (0..)
        .zip(all())
        .filter(|(_, operator)| fits(operator.name()))
        .map(|(place, _)| place)
        .collect();
    if found.is_empty() {
        return Err(UnknownStrategy {
            item: item.to_owned(),
            near: near(item),
        });
    }
    Ok(found)
}

fn short(name: &str) -> &str {
    name.strip_prefix("func_pm_").unwrap_or(name)
}

/// Up to three names that the user may have meant, the closest first.
fn near(item: &str) -> Vec<String> {
    let item = short(item);
    let mut known: BTreeSet<&str> = all()
        .iter()
        .map(|operator| family(operator.name()))
        .collect();
    known.extend(all().iter().map(|operator| short(operator.name())));
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(item, name), name))
        .collect();
    scored.retain(|(score, _)| *score > 0.8);
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(right.1)));
    scored
        .into_iter()
        .take(3)
        .map(|(_, name)| format!("`{name}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<&'static str> {
        list.parse::<Selection>().unwrap().names().collect()
    }

    #[test]
    fn names_families_and_beginnings_choose() {
        assert_eq!(names("op_swap"), ["func_pm_op_swap"]);
        assert_eq!(names("func_pm_op_swap"), ["func_pm_op_swap"]);
        let four = [
            "func_pm_op_break_chains",
            "func_pm_op_change_const",
            "func_pm_op_change",
            "func_pm_op_swap",
        ];
        assert!(four.iter().all(|name| names("op").contains(name)));
        assert_eq!(
            names("op_change*"),
            ["func_pm_op_change_const", "func_pm_op_change"]
        );
        assert_eq!(names("all").len(), all().len());
        assert_eq!(names("").len(), all().len());
    }

    #[test]
    fn a_minus_takes_out_whatever_the_order() {
        assert_eq!(names("-op_change, op_change*"), ["func_pm_op_change_const"]);
        assert_eq!(names("-op_swap").len(), all().len() - 1);
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_names_that_are_close() {
        let error = "op_swp".parse::<Selection>().unwrap_err();
        assert!(
            error.to_string().contains("did you mean `op_swap`"),
            "{error}"
        );
        assert!("nothing_like_it_at_all".parse::<Selection>().is_err());
        assert!("*".parse::<Selection>().is_ok());
    }
}
