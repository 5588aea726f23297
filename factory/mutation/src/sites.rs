//! Every site of every operator in one file.

use std::collections::HashSet;
use std::ops::Range;

use tree_sitter::{Node, Tree};

use crate::arid::is_arid;
use crate::canonical::{Change, canonical};
use crate::compile::{check_file, functions_with_declarations};
use crate::context::{Context, Scope};
use crate::dispatch::Dispatch;
use crate::entity::Entities;
use crate::grammar::parser;
use crate::operator::{Edit, Sites};
use crate::patch::Lines;
use crate::summary::Skipped;

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Path below the root, with `/`.
    pub(crate) path: String,
    pub(crate) source: String,
    pub(crate) tree: Tree,
    pub(crate) entities: Entities,
    pub(crate) lines: Lines,
    /// Where the last `from __future__` import ends; nothing before it is touched.
    pub(crate) futures_end: usize,
    /// The outermost functions with `global` or `nonlocal` statements.
    pub(crate) declaring: Vec<Range<usize>>,
}

impl Parsed {
    /// Parses a file; an error says why nothing in it can be mutated.
    pub(crate) fn parse(path: String, source: String) -> Result<Self, Skipped> {
        let tree = parser()
            .parse(&source, None)
            .expect("no time-out and no cancelling is set");
        let root = tree.root_node();
        if root.has_error() || check_file(root, &source).is_err() {
            return Err(Skipped::NotPython3);
        }
        let mut cursor = root.walk();
        let futures = root
            .named_children(&mut cursor)
            .filter(|node| node.kind() == "future_import_statement");
        let futures_end = futures.last().map_or(0, |last| last.end_byte());
        drop(cursor);
        Ok(Self {
            entities: Entities::find(&tree, &source),
            lines: Lines::of(&source),
            futures_end,
            declaring: functions_with_declarations(root, &source),
            path,
            source,
            tree,
        })
    }
}

/// One edit, or several made together, that an operator names.
#[derive(Clone, Debug)]
pub(crate) struct Site<'a> {
    /// The operator's place in the registry.
    pub(crate) operator: u16,
    /// The entity it touches, in the file's [`Entities`].
    pub(crate) entity: u32,
    /// In order, without overlap, each changing something.
    pub(crate) edits: Vec<Edit<'a>>,
    /// What really changes.
    pub(crate) change: Change,
}

/// Names every site in the file: in order of place, each resulting content once (the operator that comes
/// first in the registry has it).
pub(crate) fn enumerate<'a>(file: &'a Parsed, dispatch: &Dispatch) -> Vec<Site<'a>> {
    let mut walk = Walk {
        dispatch,
        context: Context {
            source: &file.source,
            scopes: Vec::new(),
            parents: Vec::new(),
            entities: &file.entities,
        },
        entity: vec![0],
        sites: Sites::default(),
        found: Vec::new(),
    };
    walk.run(&file.tree);
    let mut found = walk.found;
    // Stable: sites of one operator stay in the order in which it named them.
    found.sort_by_key(|site| site.operator);
    let mut seen = HashSet::new();
    found.retain(|site| seen.insert(site.change.digest));
    found.sort_by_key(|site| site.change.start);
    found
}

struct Walk<'a, 'd> {
    dispatch: &'d Dispatch,
    context: Context<'a>,
    entity: Vec<u32>,
    sites: Sites<'a>,
    found: Vec<Site<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self, tree: &'a Tree) {
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            let descend = if is_arid(node, cursor.field_name(), &self.context) {
                false
            } else {
                self.visit(node);
                cursor.goto_first_child()
            };
            if descend {
                self.enter(node);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.leave(cursor.node());
            }
        }
    }

    fn visit(&mut self, node: Node<'a>) {
        for (place, operator) in self.dispatch.interested(node) {
            operator.sites(node, &self.context, &mut self.sites);
            for edits in self.sites.take() {
                let Some((edits, change)) = canonical(self.context.source, edits) else {
                    continue;
                };
                let entity = self.entity_at(node);
                self.found.push(Site {
                    operator: place,
                    entity,
                    edits,
                    change,
                });
            }
        }
    }

    /// The definition that begins here or is decorated here, else the one around.
    fn entity_at(&self, node: Node<'a>) -> u32 {
        let around = self.entity[self.entity.len() - 1];
        let decorated = match node.kind() {
            "decorator" => self.context.parent(),
            _ => Some(node),
        };
        let definition = decorated
            .and_then(|node| node.child_by_field_name("definition"))
            .unwrap_or(node);
        self.context
            .entities
            .of_definition(definition)
            .unwrap_or(around)
    }

    fn enter(&mut self, node: Node<'a>) {
        self.context.parents.push(node);
        let Some(entity) = self.context.entities.of_definition(node) else {
            return;
        };
        self.entity.push(entity);
        self.context.scopes.push(Scope {
            node,
            name: node
                .child_by_field_name("name")
                .map_or("", |name| self.context.text(name)),
            is_class: node.kind() == "class_definition",
            is_async: node.child(0).is_some_and(|first| first.kind() == "async"),
            complexity: self.context.complexity(node),
        });
    }

    fn leave(&mut self, node: Node<'a>) {
        self.context.parents.pop();
        if self
            .context
            .scopes
            .pop_if(|scope| scope.node.id() == node.id())
            .is_some()
        {
            self.entity.pop();
        }
    }
}
