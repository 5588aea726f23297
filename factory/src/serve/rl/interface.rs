//! Names of interfaces.

use std::borrow::Cow;

use serde::Deserialize;
use swemill_agent::Dialect;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The notation of answers and observations, by its name.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct InterfaceName(pub(super) Dialect);

impl Default for InterfaceName {
    fn default() -> Self {
        Self(Dialect::MiniToolCalls)
    }
}

impl PartialSchema for InterfaceName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "The published interface whose notation answers and observations have: docs/ROLLOUTS.md",
            ))
            .enum_values(Some(Dialect::ALL.map(Dialect::name)))
            .into()
    }
}

impl ToSchema for InterfaceName {
    fn name() -> Cow<'static, str> {
        "InterfaceName".into()
    }
}
