//! Exceptions raised: another type, or none at all.

use tree_sitter::Node;

use super::rule::Rule;
use super::syntax::{drop_statement, parts};
use crate::context::Context;
use crate::operator::{Edit, Sites};

pub(crate) static RAISE_TYPE: Rule = Rule {
    name: "func_pm_raise_type",
    summary: "another built-in exception is raised",
    kinds: &["raise_statement"],
    sites: raise_type,
};

pub(crate) static RAISE_DROP: Rule = Rule {
    name: "func_pm_raise_drop",
    summary: "a `raise` is dropped: the error passes unseen",
    kinds: &["raise_statement"],
    sites: |node, context, sites| sites.one(drop_statement(node, context)),
};

pub(crate) static ASSERT_DROP: Rule = Rule {
    name: "func_pm_assert_drop",
    summary: "an `assert` is dropped",
    kinds: &["assert_statement"],
    sites: |node, context, sites| sites.one(drop_statement(node, context)),
};

/// The built-in exception that is most easily taken for this one and is not its parent.
pub(super) fn mistaken_for(name: &str) -> Option<&'static str> {
    Some(match name {
        "ValueError" | "AttributeError" | "OverflowError" => "TypeError",
        "TypeError" | "RuntimeError" | "OSError" | "IOError" | "FileNotFoundError"
        | "PermissionError" | "UnicodeDecodeError" | "UnicodeEncodeError" => "ValueError",
        "KeyError" | "StopIteration" => "IndexError",
        "IndexError" | "LookupError" => "KeyError",
        "NotImplementedError" | "ImportError" | "ModuleNotFoundError" | "NameError" => {
            "AttributeError"
        }
        "ZeroDivisionError" => "OverflowError",
        "AssertionError" | "Exception" | "BaseException" => "RuntimeError",
        _ => return None,
    })
}

fn raise_type<'a>(node: Node<'a>, context: &Context<'a>, sites: &mut Sites<'a>) {
    let Some(raised) = parts(node).first().copied() else {
        return;
    };
    let class = if raised.kind() == "call" {
        raised.child_by_field_name("function")
    } else {
        Some(raised)
    };
    if let Some(class) = class.filter(|class| class.kind() == "identifier")
        && !context.text(class).starts_with("Unicode")
        && let Some(other) = mistaken_for(context.text(class))
    {
        sites.one(Edit::replace(class.byte_range(), other));
    }
}
