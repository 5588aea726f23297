//! The node kinds that have rules.

use std::sync::LazyLock;

use tree_sitter::Node;

use crate::grammar::KindTable;

/// Which rules a node has to keep.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) enum Rule {
    #[default]
    Free,
    Function,
    Class,
    Decorated,
    Block,
    /// `if`, `elif`, `else`, `try`, `except`, `finally`, `with`, `match`, `case`.
    Compound,
    Loop,
    Lambda,
    Comprehension,
    Generator,
    ForIn,
    Parameters,
    Arguments,
    Return,
    Jump,
    Yield,
    Await,
    Assignment,
    Delete,
    Raise,
    Global,
    Nonlocal,
    Wildcard,
    Python2,
    Not,
    Conditional,
    Walrus,
    Star,
    As,
    Comparison,
    Number,
    String,
    Strings,
    Interpolation,
    Text,
}

static RULES: LazyLock<KindTable<Rule>> = LazyLock::new(|| {
    KindTable::new(|kind| match kind {
        "function_definition" => Rule::Function,
        "class_definition" => Rule::Class,
        "decorated_definition" => Rule::Decorated,
        "block" => Rule::Block,
        "if_statement" | "elif_clause" | "else_clause" | "try_statement" | "except_clause"
        | "finally_clause" | "with_statement" | "match_statement" | "case_clause" => Rule::Compound,
        "for_statement" | "while_statement" => Rule::Loop,
        "lambda" => Rule::Lambda,
        "list_comprehension" | "set_comprehension" | "dictionary_comprehension" => {
            Rule::Comprehension
        }
        "generator_expression" => Rule::Generator,
        "for_in_clause" => Rule::ForIn,
        "parameters" | "lambda_parameters" => Rule::Parameters,
        "argument_list" => Rule::Arguments,
        "return_statement" => Rule::Return,
        "break_statement" | "continue_statement" => Rule::Jump,
        "yield" => Rule::Yield,
        "await" => Rule::Await,
        "assignment" | "augmented_assignment" => Rule::Assignment,
        "delete_statement" => Rule::Delete,
        "raise_statement" => Rule::Raise,
        "global_statement" => Rule::Global,
        "nonlocal_statement" => Rule::Nonlocal,
        "wildcard_import" => Rule::Wildcard,
        "print_statement" | "exec_statement" => Rule::Python2,
        "not_operator" => Rule::Not,
        "conditional_expression" => Rule::Conditional,
        "named_expression" => Rule::Walrus,
        "list_splat" => Rule::Star,
        "as_pattern" => Rule::As,
        "comparison_operator" => Rule::Comparison,
        "integer" => Rule::Number,
        "string" => Rule::String,
        "concatenated_string" => Rule::Strings,
        "interpolation" => Rule::Interpolation,
        "string_content" | "comment" => Rule::Text,
        _ => Rule::Free,
    })
});

pub(crate) fn rule(node: Node<'_>) -> Rule {
    RULES.get(node)
}

impl Rule {
    /// Whether statements stand directly inside.
    pub(crate) fn holds_statements(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Decorated | Self::Block | Self::Compound | Self::Loop
        )
    }
}
