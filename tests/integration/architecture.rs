//! The direction of imports: read from the source, so that the picture in docs/architecture.md
//! stays true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each module at the top of `src/`, and which of the others it may import.
const MAY_IMPORT: [(&str, &[&str]); 16] = [
    ("domain", &[]),
    ("proto", &[]),
    ("telemetry", &[]),
    ("failpoint", &[]),
    ("signals", &[]),
    ("store", &["domain", "failpoint", "telemetry"]),
    ("webhook", &["domain"]),
    ("delivery", &["store", "webhook", "domain", "failpoint", "telemetry"]),
    ("grpc", &["proto", "store", "domain", "telemetry"]),
    ("ops", &["store", "domain", "telemetry"]),
    ("health", &[]),
    ("receiver", &["webhook", "domain"]),
    ("config", &["domain"]),
    ("app", &["config", "delivery", "grpc", "ops", "store", "webhook", "domain", "telemetry"]),
    ("tokens", &["config", "grpc", "domain"]),
    ("demo", &["app", "config", "receiver", "grpc", "proto", "domain", "telemetry"]),
];

/// Every file of Rust in a folder.
pub fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("src/ can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The modules that a source names after `crate::`, outside of comments.
fn imports(source: &str) -> BTreeSet<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            let name: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            found.insert(name);
        }
    }
    found
}

#[test]
fn imports_go_in_one_direction() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    for file in source_files(&src) {
        let inside = file.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        let module = inside.split(['/', '.']).next().unwrap().to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let rule = MAY_IMPORT.iter().find(|(name, _)| *name == module);
        let (_, allowed) = rule.unwrap_or_else(|| panic!("{module} has no rule in this test"));
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            let is_allowed = import == module || allowed.contains(&import.as_str());
            assert!(is_allowed, "src/{inside} imports {import}");
        }
        seen.insert(module);
    }
    assert_eq!(seen.len(), MAY_IMPORT.len(), "every rule is about a module that exists");
}

#[test]
fn an_import_in_the_code_is_found_and_one_in_a_comment_is_not() {
    let source = "//! see crate::store\nuse crate::domain::id;\nlet x = crate::grpc::f();\n";
    assert_eq!(imports(source), BTreeSet::from(["domain".to_owned(), "grpc".to_owned()]));
}
