//! A real model from a real package index.

use swemill_model::store::describe;

use crate::models;

#[test]
fn the_default_model_comes_from_a_package_index() {
    let Some(installed) = models::installed("smollm2-135m-instruct") else {
        return;
    };
    let description = describe(&installed.weights()).unwrap();
    assert_eq!(description.architecture, "llama");
    assert_eq!(description.parameters, 134_515_008);
    assert_eq!(description.context, Some(8192));
}
