//! The operators, one small module a family, and the registry that lists them.

mod boolean;
mod calls;
mod compare;
mod defaults;
mod returns;
mod rule;
mod slices;
mod syntax;
mod yields;

use crate::operator::Operator;

/// Every operator, in a fixed order: where two give the same file, the one that comes first here has it.
/// SWE-smith's own come first.
pub fn all() -> &'static [&'static dyn Operator] {
    ALL
}

static ALL: &[&dyn Operator] = &[
    &compare::BOUNDARY,
    &compare::NEGATE,
    &compare::MEMBERSHIP,
    &compare::NONE_TEST,
    &compare::CHAIN,
];

/// The family of an operator: what comes after `func_pm_` up to the next underscore.
pub fn family(name: &str) -> &str {
    let name = name.strip_prefix("func_pm_").unwrap_or(name);
    name.split('_').next().unwrap_or(name)
}
