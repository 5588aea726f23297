//! A real package: gold resolves all of its instances, the empty patch none. Minutes, so only when asked for:
//! `cargo test -p swemill --test system grading::package -- --ignored`.

use serde_json::json;

use super::as_lines;
use crate::support::Home;

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn sqlparse_is_resolved_by_gold_and_by_nothing_else() {
    let home = Home::new();
    home.succeed(&[
        "run",
        "pypi:sqlparse==0.5.3",
        "--seed",
        "1",
        "--max-candidates",
        "12",
    ]);
    let gold = home.succeed(&["grade", "--gold", "--json"]).json();
    let report = &gold["reports"]["gold"];
    assert!(report["total_instances"].as_u64().unwrap() >= 5, "{report}");
    assert_eq!(
        report["resolved_instances"], report["total_instances"],
        "{report}"
    );
    let useless = "diff --git a/sqlparse/nothing.py b/sqlparse/nothing.py\nnew file mode 100644\n--- /dev/null\n\
                   +++ b/sqlparse/nothing.py\n@@ -0,0 +1 @@\n+x = 1\n";
    for (name, patch) in [("empty", ""), ("useless", useless)] {
        let ids = report["resolved_ids"].as_array().unwrap().iter();
        let rows = ids
            .map(|id| json!({"instance_id": id, "model_name_or_path": name, "model_patch": patch}));
        let file = home.path().join("predictions.jsonl");
        std::fs::write(&file, as_lines(rows)).unwrap();
        let said = home
            .succeed(&["grade", file.to_str().unwrap(), "--json"])
            .json();
        assert_eq!(said["reports"][name]["resolved_instances"], 0, "{said}");
        assert_eq!(said["reports"][name]["error_instances"], 0, "{said}");
    }
}
