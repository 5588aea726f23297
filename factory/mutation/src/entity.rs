//! The functions, methods and classes of a file, and the module level around them.

use std::collections::HashMap;
use std::sync::LazyLock;

use tree_sitter::{Node, Tree};

use crate::grammar::KindTable;
use crate::parameters::Callables;

/// The name of the statements that stand in no function and no class.
pub(crate) const MODULE: &str = "<module>";

/// All entities of a file; number 0 is the module level.
#[derive(Debug)]
pub(crate) struct Entities {
    names: Vec<String>,
    complexities: Vec<u32>,
    by_node: HashMap<usize, u32>,
    callables: Callables,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Role {
    #[default]
    Other,
    Function,
    Class,
    /// Adds one to the complexity of every definition around it.
    Branch,
    /// Adds one for each operator after the first operand.
    Comparison,
}

static ROLES: LazyLock<KindTable<Role>> = LazyLock::new(|| {
    KindTable::new(|kind| match kind {
        "function_definition" => Role::Function,
        "class_definition" => Role::Class,
        "if_statement" | "elif_clause" | "while_statement" | "for_statement"
        | "boolean_operator" | "except_clause" => Role::Branch,
        "comparison_operator" => Role::Comparison,
        _ => Role::Other,
    })
});

struct Open {
    entity: u32,
    depth: u32,
    is_function: bool,
}

impl Entities {
    /// Finds them in one walk over the tree.
    pub(crate) fn find(tree: &Tree, source: &str) -> Self {
        let mut found = Self {
            names: vec![MODULE.to_owned()],
            complexities: vec![1],
            by_node: HashMap::new(),
            callables: Callables::default(),
        };
        let mut open: Vec<Open> = Vec::new();
        let mut cursor = tree.walk();
        let mut depth = 0;
        loop {
            let node = cursor.node();
            match ROLES.get(node) {
                Role::Other => {}
                role @ (Role::Function | Role::Class) => {
                    let entity = found.open(node, &open, source);
                    open.push(Open {
                        entity,
                        depth,
                        is_function: role == Role::Function,
                    });
                }
                Role::Branch => found.add(1, &open),
                Role::Comparison => {
                    let mut cursor = node.walk();
                    let operands = node.named_children(&mut cursor);
                    let operands = operands.filter(|child| !child.is_extra()).count();
                    let operators = u32::try_from(operands).unwrap_or(1).saturating_sub(1);
                    found.add(operators, &open);
                }
            }
            if cursor.goto_first_child() {
                depth += 1;
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return found;
                }
                depth -= 1;
                open.pop_if(|innermost| innermost.depth == depth);
            }
            open.pop_if(|innermost| innermost.depth == depth);
        }
    }

    fn open(&mut self, node: Node<'_>, around: &[Open], source: &str) -> u32 {
        let name = node
            .child_by_field_name("name")
            .map_or("", |name| &source[name.byte_range()]);
        if ROLES.get(node) == Role::Function {
            let class = around.last().filter(|outer| !outer.is_function);
            let class = class.map(|class| self.names[class.entity as usize].as_str());
            let class = class.and_then(|qualified| qualified.rsplit('.').next());
            self.callables.add(node, class, source);
        }
        let qualified = match around.last() {
            None => name.to_owned(),
            Some(outer) => {
                let separator = if outer.is_function { ".<locals>." } else { "." };
                format!("{}{separator}{name}", self.names[outer.entity as usize])
            }
        };
        let entity = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(qualified);
        self.complexities.push(1);
        self.by_node.insert(node.id(), entity);
        entity
    }

    fn add(&mut self, points: u32, open: &[Open]) {
        for entity in open.iter().map(|open| open.entity).chain([0]) {
            self.complexities[entity as usize] += points;
        }
    }

    /// What the file's own functions take.
    pub(crate) fn callables(&self) -> &Callables {
        &self.callables
    }

    /// The number of the entity that a definition node begins.
    pub(crate) fn of_definition(&self, definition: Node<'_>) -> Option<u32> {
        self.by_node.get(&definition.id()).copied()
    }

    /// The name of an entity, as Python's `__qualname__` spells it.
    pub(crate) fn name(&self, entity: u32) -> &str {
        &self.names[entity as usize]
    }

    /// The complexity of a definition; 1 for a node that is none.
    pub(crate) fn complexity(&self, definition: Node<'_>) -> u32 {
        self.of_definition(definition)
            .map_or(1, |entity| self.complexities[entity as usize])
    }
}
