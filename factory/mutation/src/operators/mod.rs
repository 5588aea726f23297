//! The operators, one small module a family, and the registry that lists them.

mod aliasing;
mod assignments;
mod binary;
mod boolean;
mod calls;
mod classes;
mod collections;
mod compare;
mod comprehensions;
mod constants;
mod contexts;
mod control;
mod decorators;
mod defaults;
mod excepts;
mod exits;
mod expressions;
mod formatting;
mod imports;
mod methods;
mod mixups;
mod raises;
mod ranges;
mod removal;
mod returns;
mod rule;
mod sequences;
mod similar;
mod slices;
mod strings;
mod supers;
mod syntax;
mod yields;

use crate::operator::Operator;

/// Every operator, in a fixed order: where two give the same file, the one that comes first here has it.
/// SWE-smith's own come first.
pub fn all() -> &'static [&'static dyn Operator] {
    ALL
}

static ALL: &[&dyn Operator] = &[
    &classes::RM_BASE,
    &classes::RM_FUNCS,
    &classes::SHUFFLE_FUNCS,
    &control::INVERT_IF,
    &control::SHUFFLE,
    &removal::ASSIGN,
    &removal::COND,
    &removal::LOOP,
    &removal::WRAPPER,
    &binary::BREAK_CHAINS,
    &binary::CHANGE_CONST,
    &binary::CHANGE,
    &binary::SWAP,
    &compare::BOUNDARY,
    &compare::NEGATE,
    &compare::MEMBERSHIP,
    &compare::NONE_TEST,
    &compare::CHAIN,
    &boolean::CONNECTIVE,
    &boolean::OPERAND,
    &boolean::NOT_DROP,
    &boolean::CONDITION_NEGATE,
    &returns::VALUE_DROP,
    &returns::PART_SWAP,
    &returns::IN_LOOP,
    &yields::YIELD_DROP,
    &yields::YIELD_FROM,
    &calls::ARGUMENT_DROP,
    &calls::ARGUMENT_SWAP,
    &calls::ARGUMENT_REPEAT,
    &calls::KEYWORD_DROP,
    &calls::KEYWORD_SWAP,
    &defaults::PARAMETER_DEFAULT,
    &defaults::LOOKUP_DEFAULT,
    &defaults::GET_TO_INDEX,
    &slices::SLICE_BOUND,
    &slices::SLICE_STEP,
    &slices::INDEX,
    &constants::BOOL,
    &constants::NONE,
    &constants::NUMBER,
    &strings::TEXT,
    &strings::PATTERN,
    &collections::ELEMENT_DROP,
    &collections::VALUE_SWAP,
    &raises::RAISE_TYPE,
    &raises::RAISE_DROP,
    &raises::ASSERT_DROP,
    &excepts::CAUGHT_TYPE,
    &excepts::SWALLOW,
    &excepts::FINALLY_DROP,
    &exits::LOOP_EXIT,
    &exits::EXIT_DROP,
    &exits::ELIF_TO_IF,
    &exits::LOOP_ELSE,
    &assignments::AUGMENTED,
    &assignments::AUGMENTED_TO_PLAIN,
    &assignments::UNPACK_SWAP,
    &assignments::SCOPE_DROP,
    &comprehensions::FILTER_DROP,
    &comprehensions::FILTER_NEGATE,
    &comprehensions::KEY_VALUE_SWAP,
    &decorators::DROP,
    &decorators::SWAP,
    &contexts::WITH_TO_ASSIGN,
    &contexts::AWAIT_DROP,
    &methods::METHOD,
    &methods::BUILTIN,
    &formatting::FIELD_SWAP,
    &formatting::FIELD_FORMAT,
    &formatting::PERCENT_SWAP,
    &ranges::RANGE,
    &ranges::ENUMERATE,
    &aliasing::COPY_DROP,
    &aliasing::COPY_SHALLOW,
    &sequences::ORDER_DROP,
    &sequences::SORT_KEY,
    &expressions::SIGN_DROP,
    &expressions::TERNARY_SWAP,
    &expressions::TERNARY_DROP,
    &supers::SUPER_DROP,
    &supers::CALL_DROP,
    &mixups::ATTRIBUTE,
    &mixups::LOCAL,
    &mixups::RETURN_OTHER,
    &imports::IMPORT_SWAP,
];

/// The family of an operator: what comes after `func_pm_` up to the next underscore.
pub fn family(name: &str) -> &str {
    let name = name.strip_prefix("func_pm_").unwrap_or(name);
    name.split('_').next().unwrap_or(name)
}
