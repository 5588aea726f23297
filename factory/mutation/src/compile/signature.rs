//! The order and the names of parameters and arguments.

use tree_sitter::Node;

use super::Refusal;

/// Parameters of a function or lambda.
pub(super) fn parameters(list: Node<'_>, source: &str) -> Result<(), Refusal> {
    let mut names: Vec<&str> = Vec::new();
    let (mut star, mut bare_star, mut slash, mut defaults, mut closed) =
        (false, false, false, false, false);
    let mut cursor = list.walk();
    for parameter in list.named_children(&mut cursor) {
        let kind = parameter.kind();
        if parameter.is_extra() {
            continue;
        }
        if closed {
            return Err("a parameter after **");
        }
        let inner = if kind == "typed_parameter" {
            parameter.named_child(0)
        } else {
            None
        };
        match inner.map_or(kind, |inner| inner.kind()) {
            "positional_separator" => {
                if slash || star || names.is_empty() {
                    return Err("a misplaced / in parameters");
                }
                slash = true;
                continue;
            }
            "keyword_separator" | "list_splat_pattern" if star => {
                return Err("two * in parameters");
            }
            "keyword_separator" => {
                (star, bare_star) = (true, true);
                continue;
            }
            "list_splat_pattern" => star = true,
            "dictionary_splat_pattern" => {
                if bare_star {
                    return Err("* without a parameter after it");
                }
                closed = true;
            }
            "tuple_pattern" => return Err("a tuple as a parameter"),
            "default_parameter" | "typed_default_parameter" => {
                (defaults, bare_star) = (true, false);
            }
            _ if defaults && !star => return Err("a parameter without default after one with"),
            _ => bare_star = false,
        }
        let name = name_of(parameter, source);
        if names.contains(&name) {
            return Err("a parameter twice");
        }
        names.push(name);
    }
    if bare_star {
        Err("* without a parameter after it")
    } else {
        Ok(())
    }
}

/// The name of a parameter, without stars, annotation and default.
pub(super) fn name_of<'s>(parameter: Node<'_>, source: &'s str) -> &'s str {
    let named = parameter.child_by_field_name("name");
    let node = named
        .or_else(|| parameter.named_child(0))
        .unwrap_or(parameter);
    source[node.byte_range()].trim_start_matches('*')
}

/// Arguments of a call or class.
pub(super) fn arguments(list: Node<'_>, source: &str) -> Result<(), Refusal> {
    let mut names: Vec<&str> = Vec::new();
    let mut unpacked = false;
    let mut cursor = list.walk();
    for argument in list.named_children(&mut cursor) {
        match argument.kind() {
            "keyword_argument" => {
                let name = argument
                    .child_by_field_name("name")
                    .map_or("", |name| &source[name.byte_range()]);
                if names.contains(&name) {
                    return Err("a keyword argument twice");
                }
                names.push(name);
            }
            "dictionary_splat" => unpacked = true,
            "list_splat" if unpacked => return Err("* after ** in arguments"),
            kind if kind == "list_splat" || argument.is_extra() => {}
            _ if unpacked || !names.is_empty() => {
                return Err("a positional argument after a keyword");
            }
            _ => {}
        }
    }
    Ok(())
}
